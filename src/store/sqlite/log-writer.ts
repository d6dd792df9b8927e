// The log as its only writer keeps it: tree, open tiles and epoch in memory, entries in the file. What
// is in memory is thrown away and read again after any failure.
import { hash } from 'node:crypto';
import { deriveColumns } from '../../audit/columns.ts';
import { encodeEvent } from '../../audit/event.ts';
import { append, emptyTree, type Hash, type Tree } from '../../audit/merkle.ts';
import { formatNoteKey, type NoteSigner } from '../../audit/note-key.ts';
import { packLeaves, type PackedLeaves, unpackLeaves } from '../../audit/packed-leaves.ts';
import { extendEdge, treeOfEdge } from '../../audit/tiles.ts';
import { SignetError } from '../../runtime/errors.ts';
import { CheckpointSigner } from './checkpoint-signer.ts';
import type { Connection } from './connection.ts';
import { type HeadRow, LogRows, shard } from './log-rows.ts';
import { checkCheckpoint, checkHead, checkNewestEntries } from './start-check.ts';

/** A place to go back to. */
export interface Mark {
  readonly tree: Tree;
  readonly edge: readonly (readonly Hash[])[];
}

export class LogWriter {
  readonly #connection: Connection;
  readonly #rows: LogRows;
  readonly #noteSigner: NoteSigner;
  readonly #signer: CheckpointSigner;
  #edge: Hash[][] = [];
  #head: HeadRow;
  #tree = emptyTree;
  #checkpoint = '';

  /**
   * Checks the log, takes it over from the writer before, and begins it if it is empty. The caller
   * holds a transaction open, and commits.
   *
   * @throws SignetError `store.*`
   */
  constructor(connection: Connection, signer: NoteSigner, nowMs: number) {
    this.#connection = connection;
    this.#noteSigner = signer;
    this.#signer = new CheckpointSigner(signer);
    this.#rows = new LogRows(connection.database);
    const isNew = this.#beginShard(nowMs);
    this.#takeOver();
    this.#head = this.#rows.readHead();
    if (isNew) this.#begin(nowMs);
    else this.reload();
    checkNewestEntries(connection.database, this.#head);
  }

  get size(): number {
    return this.#tree.size;
  }

  /** Of the tree as it was last committed. */
  get checkpoint(): string {
    return this.#checkpoint;
  }

  mark(): Mark {
    return { tree: this.#tree, edge: this.#edge.map((hashes) => [...hashes]) };
  }

  /** Forgets what was appended since. The caller rolls back the rows. */
  backTo({ tree, edge }: Mark): void {
    this.#tree = tree;
    this.#edge = edge.map((hashes) => [...hashes]);
  }

  /** @throws SignetError `store.duplicate_serial`, `leaf.packing`, `leaf.malformed` */
  append(leaves: PackedLeaves): void {
    for (const prefixed of unpackLeaves(leaves)) {
      const data = prefixed.subarray(1);
      const leaf = hash('sha256', prefixed, 'buffer');
      this.#rows.insertEntry(this.#tree.size, leaf, data, deriveColumns(data));
      const filled = extendEdge(this.#edge, this.#tree.size, leaf);
      for (const tile of filled) this.#rows.insertTile(tile);
      this.#tree = append(this.#tree, leaf);
    }
  }

  /** Moves the head and signs a checkpoint, if anything was appended; the last thing before a commit. */
  seal(nowMs: number): string {
    if (this.size === this.#head.size) return this.#checkpoint;
    while (this.#signer.refuses(this.#tree)) this.#appendResumed(nowMs);
    const { root, note } = this.#signer.sign(this.#tree);
    this.#rows.insertCheckpoint(this.size, root, note, nowMs);
    this.#rows.moveHead(this.#head, this.#tree, root);
    return note;
  }

  /** The transaction is durable. */
  committed(note: string): void {
    this.#signer.committed(this.size);
    this.#head = { ...this.#head, size: this.size };
    this.#checkpoint = note;
  }

  /**
   * Reads everything again from the file, after a failure.
   *
   * @throws SignetError `store.fenced`, `store.head_damaged`, `store.checkpoint_damaged`
   */
  reload(): void {
    const head = this.#rows.readHead();
    if (head.epoch !== this.#head.epoch) throw new SignetError('store.fenced');
    this.#edge = checkHead(this.#connection.database, head);
    this.#checkpoint = checkCheckpoint(this.#connection.database, head, this.#noteSigner.key);
    this.#head = head;
    this.#tree = treeOfEdge(this.#edge);
  }

  #beginShard(nowMs: number): boolean {
    const { database } = this.#connection;
    const { name } = this.#noteSigner.key;
    const found = database
      .prepare<[number], { origin: string }>('SELECT origin FROM log_shard WHERE shard = ?')
      .get(shard);
    if (found !== undefined && found.origin !== name) throw new SignetError('store.origin');
    if (found !== undefined) return false;
    database
      .prepare('INSERT INTO log_shard (shard, origin, opened_at) VALUES (?, ?, ?)')
      .run(shard, name, nowMs);
    database
      .prepare("INSERT INTO log_head (shard, size, root, range, epoch) VALUES (?, 0, x'', x'', 0)")
      .run(shard);
    database.prepare('INSERT INTO log_indexed VALUES (?, 0)').run(shard);
    return true;
  }

  #takeOver(): void {
    this.#connection.database
      .prepare('UPDATE log_head SET epoch = epoch + 1 WHERE shard = ?')
      .run(shard);
  }

  #begin(nowMs: number): void {
    const { key } = this.#noteSigner;
    const actor = 'system:signet';
    const event = { t: 'log.init', origin: key.name, key: formatNoteKey(key) } as const;
    this.append(packLeaves([encodeEvent({ ...event, ts: nowMs, actor })]));
    this.committed(this.seal(nowMs));
  }

  /** Makes the tree one that nothing was signed for yet. */
  #appendResumed(nowMs: number): void {
    const event = { t: 'log.resumed', size: this.size, ts: nowMs, actor: 'system:signet' } as const;
    this.append(packLeaves([encodeEvent(event)]));
  }
}

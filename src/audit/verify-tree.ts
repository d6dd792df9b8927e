// Rebuilds the tree from the entries and compares it with tiles and signed checkpoints. Where entries and
// a tile differ, two trees are grown until the next checkpoint says which of them was altered.
import type { Finding } from './finding.ts';
import { openCheckpoint } from './checkpoint.ts';
import type { LogSource, StoredCheckpoint } from './log-source.ts';
import { append, emptyTree, type Hash, rootHash, type Tree } from './merkle.ts';
import type { NoteKey } from './note-key.ts';
import { extendEdge, fullTiles, tileHashes, tileWidth } from './tiles.ts';

interface Suspect {
  readonly index: number;
  /** What the tile holds elsewhere, or not at all. */
  readonly problem: 'entry.moved' | 'entry.replaced';
}

export class TreeCheck {
  readonly #source: LogSource;
  readonly #key: NoteKey;
  readonly #end: number;
  /** Grown from the entries. */
  #tree: Tree = emptyTree;
  /** Grown from the tiles, since they and the entries have parted. */
  #other: Tree | undefined;
  readonly #edge: Hash[][] = [];
  #tile: readonly Hash[] | undefined;
  #suspects: Suspect[] = [];
  #isBroken = false;

  /** @param end how many entries the log has */
  constructor(source: LogSource, key: NoteKey, end: number) {
    this.#source = source;
    this.#key = key;
    this.#end = end;
  }

  get tree(): Tree {
    return this.#tree;
  }

  /** @param stored the leaf hash of the next entry, or undefined if its row is missing */
  *add(stored: Hash | undefined): Generator<Finding> {
    const index = this.#tree.size;
    if (index % tileWidth === 0) yield* this.#openTile(index / tileWidth);
    const tiled = this.#tile?.[index % tileWidth];
    const leaf = stored ?? tiled ?? new Uint8Array(32);
    const expected = tiled ?? leaf;
    if (Buffer.compare(leaf, expected) !== 0) {
      this.#other ??= this.#tree;
      const isElsewhere = this.#tile?.some((hash) => Buffer.compare(hash, leaf) === 0);
      this.#suspects.push({ index, problem: isElsewhere ? 'entry.moved' : 'entry.replaced' });
    }
    this.#tree = append(this.#tree, leaf);
    if (this.#other !== undefined) this.#other = append(this.#other, expected);
    for (const { level, n, data } of extendEdge(this.#edge, index, expected)) {
      if (level > 0) yield* this.#compareTile(level, n, data);
    }
  }

  /** Compares a checkpoint of the present size. */
  *compare(checkpoint: StoredCheckpoint): Generator<Finding> {
    const at = checkpoint.size;
    const root = this.#rootOf(checkpoint);
    if (root === undefined) {
      yield { problem: 'checkpoint.signature', at };
      return;
    }
    if (root === 'misplaced') {
      yield { problem: 'checkpoint.misplaced', at };
      return;
    }
    const byEntries = Buffer.compare(rootHash(this.#tree), root) === 0;
    const byTiles = this.#other !== undefined && Buffer.compare(rootHash(this.#other), root) === 0;
    if (!byEntries && !byTiles && !this.#isBroken) yield { problem: 'checkpoint.root', at };
    this.#isBroken = !byEntries && !byTiles;
    yield* this.#settle(byEntries);
    if (byTiles && this.#other !== undefined) this.#tree = this.#other;
    this.#other = undefined;
  }

  /** Says which of the two was altered. */
  *#settle(byEntries: boolean): Generator<Finding> {
    const suspects = this.#suspects;
    this.#suspects = [];
    if (byEntries) {
      const tiles = new Set(suspects.map(({ index }) => Math.floor(index / tileWidth)));
      for (const at of tiles) yield { problem: 'tile.wrong', at, what: '0' };
    } else {
      for (const { index, problem } of suspects) yield { problem, at: index };
    }
  }

  /** Whatever no checkpoint has decided. */
  *finish(): Generator<Finding> {
    yield* this.#settle(false);
  }

  *#openTile(n: number): Generator<Finding> {
    this.#tile = undefined;
    if (n >= fullTiles(this.#end, 0)) return;
    const data = this.#source.tile(0, n);
    if (data === undefined) yield { problem: 'tile.missing', at: n, what: '0' };
    else if (data.length !== tileWidth * 32) yield { problem: 'tile.wrong', at: n, what: '0' };
    else this.#tile = tileHashes(data);
  }

  *#compareTile(level: number, n: number, data: Uint8Array): Generator<Finding> {
    const stored = this.#source.tile(level, n);
    const what = String(level);
    if (stored === undefined) yield { problem: 'tile.missing', at: n, what };
    else if (Buffer.compare(stored, data) !== 0) yield { problem: 'tile.wrong', at: n, what };
  }

  #rootOf({ size, root, note }: StoredCheckpoint): Hash | 'misplaced' | undefined {
    try {
      const signed = openCheckpoint(note, this.#key);
      const isInPlace = signed.size === size && Buffer.compare(signed.root, root) === 0;
      return isInPlace ? signed.root : 'misplaced';
    } catch {
      return undefined;
    }
  }
}

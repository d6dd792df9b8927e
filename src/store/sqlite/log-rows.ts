// The log's tables as prepared statements: on the path of every certificate, where knex would cost more
// than SQLite itself.
import type { Database, Statement } from 'better-sqlite3';
import { columnNames, type Columns } from '../../audit/columns.ts';
import type { Hash, Tree } from '../../audit/merkle.ts';
import type { FullTile } from '../../audit/tiles.ts';
import { SignetError } from '../../runtime/errors.ts';
import { sqliteCode } from './lock.ts';

/** The only shard so far. */
export const shard = 1;

export interface HeadRow {
  readonly size: number;
  readonly root: Buffer;
  readonly range: Buffer;
  readonly epoch: number;
}

export class LogRows {
  readonly #entry: Statement;
  readonly #tile: Statement;
  readonly #checkpoint: Statement;
  readonly #head: Statement;
  readonly #readHead: Statement<[], HeadRow>;

  constructor(database: Database) {
    const names = ['shard', 'idx', 'leaf_hash', 'body', ...columnNames];
    this.#entry = database.prepare(
      `INSERT INTO log_entry (${names.join()}) VALUES (${names.map(() => '?').join()})`,
    );
    this.#tile = database.prepare('INSERT INTO log_tile VALUES (?, ?, ?, ?)');
    this.#checkpoint = database.prepare('INSERT INTO checkpoint VALUES (?, ?, ?, ?, ?)');
    this.#head = database.prepare(
      'UPDATE log_head SET size = ?, root = ?, range = ? WHERE shard = ? AND size = ? AND epoch = ?',
    );
    this.#readHead = database.prepare(
      `SELECT size, root, range, epoch FROM log_head WHERE shard = ${shard}`,
    );
  }

  /** @throws SignetError `store.duplicate_serial` */
  insertEntry(index: number, hash: Hash, data: Buffer, columns: Columns): void {
    const values = columnNames.map((name) => columns[name]);
    try {
      this.#entry.run(shard, index, hash, data, ...values);
    } catch (cause) {
      throw isDuplicateSerial(cause) ? new SignetError('store.duplicate_serial', { cause }) : cause;
    }
  }

  insertTile({ level, n, data }: FullTile): void {
    this.#tile.run(shard, level, n, data);
  }

  insertCheckpoint(size: number, root: Hash, note: string, nowMs: number): void {
    this.#checkpoint.run(shard, size, root, note, nowMs);
  }

  /**
   * Moves the head on, if it is where this writer left it.
   *
   * @throws SignetError `store.fenced`
   */
  moveHead(from: { size: number; epoch: number }, tree: Tree, root: Hash): void {
    const range = Buffer.concat(tree.range);
    const moved = this.#head.run(tree.size, root, range, shard, from.size, from.epoch);
    if (moved.changes !== 1) throw new SignetError('store.fenced');
  }

  readHead(): HeadRow {
    const head = this.#readHead.get();
    if (head === undefined) throw new SignetError('store.head_damaged');
    return head;
  }
}

function isDuplicateSerial(error: unknown): boolean {
  return (
    sqliteCode(error) === 'SQLITE_CONSTRAINT_UNIQUE' &&
    error instanceof Error &&
    error.message.includes('log_entry.serial')
  );
}

// Opens the log in a database file for the verifier, read-only: a copy, or the file of a server that
// runs on meanwhile.
import Database from 'better-sqlite3';
import { columnNames } from '../../audit/columns.ts';
import type {
  LogSource,
  StoredCheckpoint,
  StoredEntry,
  StoredHead,
} from '../../audit/log-source.ts';
import { shard } from './log-rows.ts';

type EntryRow = StoredEntry['columns'] & {
  readonly idx: number;
  readonly leaf_hash: Buffer;
  readonly body: Buffer | null;
};

/** Rows are read in pages, so that several lists can be read at once. */
const pageRows = 1000;

/** A log source that holds one snapshot of the file until it is disposed of. */
export function openLogSource(file: string): LogSource & Disposable {
  const database = new Database(file, { readonly: true, fileMustExist: true });
  database.exec('BEGIN');
  const tile = database.prepare<[number, number, number], { data: Buffer }>(
    'SELECT data FROM log_tile WHERE shard = ? AND level = ? AND n = ?',
  );
  return {
    head: () =>
      database
        .prepare<[number], StoredHead>('SELECT size, root, range FROM log_head WHERE shard = ?')
        .get(shard),
    entries: () => readEntries(database),
    checkpoints: () => readCheckpoints(database),
    tile: (level, n) => tile.get(shard, level, n)?.data,
    duplicateSerials: () =>
      database
        .prepare<[number], { ca: string; serial: string }>(
          `SELECT ca, serial FROM log_entry WHERE shard = ? AND kind IN ('x509.issued', 'ca.cert.issued')
           GROUP BY serial, ca HAVING count(*) > 1`,
        )
        .all(shard),
    [Symbol.dispose]: () => void database.close(),
  };
}

function* readEntries(database: Database.Database): Generator<StoredEntry> {
  const page = database.prepare<[number, number], EntryRow>(
    `SELECT idx, leaf_hash, body, ${columnNames.join()} FROM log_entry
     WHERE shard = ? AND idx > ? ORDER BY idx LIMIT ${pageRows}`,
  );
  const rows = paged(
    (after) => page.all(shard, after),
    ({ idx }) => idx,
  );
  for (const { idx, leaf_hash, body, ...columns } of rows) {
    yield { index: idx, leafHash: leaf_hash, data: body, columns };
  }
}

function readCheckpoints(database: Database.Database): Generator<StoredCheckpoint> {
  const page = database.prepare<[number, number], StoredCheckpoint>(
    `SELECT size, root, note FROM checkpoint WHERE shard = ? AND size > ? ORDER BY size LIMIT ${pageRows}`,
  );
  return paged(
    (after) => page.all(shard, after),
    ({ size }) => size,
  );
}

function* paged<Row>(read: (after: number) => Row[], keyOf: (row: Row) => number): Generator<Row> {
  let rows = read(-1);
  while (rows.length > 0) {
    yield* rows;
    const last = rows.at(-1);
    rows = last === undefined ? [] : read(keyOf(last));
  }
}

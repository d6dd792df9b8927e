// Keeps the search index of the log, which lags behind so that certificates do not wait for it: rows
// added in slices, sorted, touch each page of the index once.
import type { Database } from 'better-sqlite3';
import { searchTerms } from '../queries/log-search.ts';
import { shard } from './log-rows.ts';

/** A slice keeps the writer for a few milliseconds. */
const sliceEntries = 1000;

/** So many entries may be outside the index while the writer is busy. */
export const maxLag = 10_000;

/** How many entries the index does not hold yet. */
export function indexLag(database: Database, size: number): number {
  return size - indexedSize(database);
}

/** Indexes the next slice, in a transaction of its own. */
export function indexSlice(database: Database, size: number): void {
  const from = indexedSize(database);
  const to = Math.min(from + sliceEntries, size);
  database.transaction(() => {
    for (const name of searchTerms) {
      database
        .prepare(
          `INSERT INTO log_term (name, value) SELECT DISTINCT '${name}', ${name} FROM log_entry
           WHERE shard = ? AND idx >= ? AND idx < ? AND ${name} IS NOT NULL ON CONFLICT DO NOTHING`,
        )
        .run(shard, from, to);
      database
        .prepare(
          `INSERT INTO log_posting SELECT t.id, e.idx FROM log_entry e
           JOIN log_term t ON t.name = '${name}' AND t.value = e.${name}
           WHERE e.shard = ? AND e.idx >= ? AND e.idx < ? ORDER BY 1, 2`,
        )
        .run(shard, from, to);
    }
    database.prepare('UPDATE log_indexed SET size = ? WHERE shard = ?').run(to, shard);
  })();
}

function indexedSize(database: Database): number {
  const row = database
    .prepare<[number], { size: number }>('SELECT size FROM log_indexed WHERE shard = ?')
    .get(shard);
  return row?.size ?? 0;
}

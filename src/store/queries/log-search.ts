// Finds log entries: first among the newest, which the search index does not hold yet, then in the
// index, by all terms at once.
import type { LogPage, LogQuery } from '../../audit/log-reader.ts';
import type { Sql } from '../sql.ts';

/** Columns that the search index knows. Where several are asked for, all must match. */
export const searchTerms = ['kind', 'spiffe_id', 'serial', 'node', 'target', 'actor'] as const;

export interface LogEntryRow {
  readonly shard: number;
  readonly idx: number | string;
  readonly leaf_hash: Uint8Array;
  readonly body: Uint8Array | null;
  readonly kind: string;
  readonly ts: number | string;
}

export interface TermRow {
  readonly id: number | string;
  readonly name: string;
  readonly value: string;
}

/** A condition on a column, with one of the names above. */
type Terms = Partial<Record<(typeof searchTerms)[number], string>>;

const shard = 1;

/** The entries below `size` that match, newest first. */
export async function searchLog(
  sql: Sql,
  query: LogQuery,
  page: LogPage,
  bounds: { indexed: number; size: number },
): Promise<readonly LogEntryRow[]> {
  const terms = termsOf(query);
  const end = Math.min(page.before ?? bounds.size, bounds.size);
  const isIndexed = Object.keys(terms).length > 0;
  const tail = isIndexed ? bounds.indexed : 0;
  const newest = await inTime(sql<LogEntryRow>('log_entry'), query)
    .where({ shard, ...terms })
    .where('idx', '>=', tail)
    .where('idx', '<', end)
    .orderBy('idx', 'desc')
    .limit(page.size);
  const missing = page.size - newest.length;
  if (!isIndexed || missing === 0) return newest;
  const older = await searchIndex(sql, query, terms, Math.min(end, tail), missing);
  return [...newest, ...older];
}

async function searchIndex(
  sql: Sql,
  query: LogQuery,
  terms: Terms,
  end: number,
  limit: number,
): Promise<readonly LogEntryRow[]> {
  const ids: (number | string)[] = [];
  for (const [name, value] of Object.entries(terms)) {
    const term = await sql<TermRow>('log_term').where({ name, value }).first();
    if (term === undefined) return [];
    ids.push(term.id);
  }
  const found = inTime(sql<LogEntryRow>('log_entry'), query).where({ shard });
  ids.forEach((id, position) => {
    const name = `p${position}`;
    found.join(`log_posting as ${name}`, (on) => {
      on.on(`${name}.idx`, 'log_entry.idx').andOnVal(`${name}.term`, id);
    });
  });
  return found
    .where('p0.idx', '<', end)
    .orderBy('p0.idx', 'desc')
    .limit(limit)
    .select('log_entry.idx', 'log_entry.leaf_hash', 'log_entry.body');
}

function termsOf({ kind, spiffeId, serial, node, entry, actor }: LogQuery): Terms {
  // The rarest first: the index is read in its order.
  return {
    ...(serial === undefined ? {} : { serial }),
    ...(spiffeId === undefined ? {} : { spiffe_id: spiffeId }),
    ...(entry === undefined ? {} : { target: entry }),
    ...(node === undefined ? {} : { node }),
    ...(actor === undefined ? {} : { actor }),
    ...(kind === undefined ? {} : { kind }),
  };
}

function inTime(builder: ReturnType<typeof entryBuilder>, { sinceMs, untilMs }: LogQuery) {
  if (sinceMs !== undefined) builder.where('ts', '>=', sinceMs);
  if (untilMs !== undefined) builder.where('ts', '<', untilMs);
  return builder;
}

function entryBuilder(sql: Sql) {
  return sql<LogEntryRow>('log_entry');
}

// Matches sets of selectors, whoever owns them, and reads them for a page of owners.
import type { Knex } from 'knex';
import type { MatchBehavior } from '../../registry/reader.ts';
import type { SelectorRow } from '../rows.ts';
import type { Sql } from '../sql.ts';
import { checkSelectors } from './page.ts';

export type SelectorTable = 'entry_selector' | 'agent_selector';

/**
 * Leaves those owners whose selectors relate to the given ones as wished (spire.api.types.SelectorMatch).
 *
 * @throws SignetError `query.selectors`
 */
export function whereSelectors<Row extends object>(
  sql: Sql,
  query: Knex.QueryBuilder<Row, Row[]>,
  table: SelectorTable,
  { match, selectors }: { match: MatchBehavior; selectors: readonly string[] },
): void {
  checkSelectors(selectors);
  const wanted = [...new Set(selectors)];
  const own = () => sql<SelectorRow>(table).select('owner');
  const holdsSome = own().whereIn('selector', wanted);
  const holdsOther = own().whereNotIn('selector', wanted);
  const holdsAll = own()
    .whereIn('selector', wanted)
    .groupBy('owner')
    .havingRaw('count(*) = ?', [wanted.length]);
  if (match === 'any') query.whereIn('id', holdsSome);
  if (match === 'subset' || match === 'exact') query.whereNotIn('id', holdsOther);
  if (wanted.length > 0 && (match === 'superset' || match === 'exact')) {
    query.whereIn('id', holdsAll);
  }
  if (wanted.length === 0 && match === 'exact') query.whereNotIn('id', own());
}

/** The selectors of each owner. */
export async function selectorsOf(
  sql: Sql,
  table: SelectorTable,
  owners: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const rows = await sql<SelectorRow>(table).whereIn('owner', [...owners]);
  const byOwner = Map.groupBy(rows, ({ owner }) => owner);
  return new Map(
    owners.map((owner) => [owner, (byOwner.get(owner) ?? []).map(({ selector }) => selector)]),
  );
}

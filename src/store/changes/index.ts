// Every change that the store can commit, by kind.
import { SignetError } from '../../runtime/errors.ts';
import type { Sql } from '../sql.ts';
import type { StoreChanges } from '../store.ts';
import { agentChanges } from './agent.ts';
import { authorityChanges } from './authority.ts';
import type { Appliers, Applied, Apply, Context } from './change.ts';
import { entryChanges } from './entry.ts';
import { joinTokenChanges } from './join-token.ts';
import { refusalChanges } from './refusal.ts';

const appliers: Appliers<StoreChanges> = {
  ...entryChanges,
  ...joinTokenChanges,
  ...agentChanges,
  ...refusalChanges,
  ...authorityChanges,
};

/** The thread that asks has checked the types; between threads they are lost. */
const byKind = new Map<string, Apply<never, unknown>>(Object.entries(appliers));

/**
 * Applies a change that came from another thread, typed when it was asked for.
 *
 * @throws SignetError the reason it is refused for; `store.change` for a kind that there is not
 */
export async function applyChange(
  sql: Sql,
  change: { kind: string; input: unknown },
  context: Context,
): Promise<Applied<unknown>> {
  const apply = byKind.get(change.kind);
  if (apply === undefined) throw new SignetError('store.change');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see byKind
  return apply(sql, change.input as never, context);
}

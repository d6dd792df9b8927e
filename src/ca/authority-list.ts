// The authorities as the log has them, kept current by its changes. Nothing else alters the list, so it
// is what the log says even when somebody else made the change.
import type { CommittedChange } from '../audit/ledger.ts';
import { type Authority, isInBundle } from './authority.ts';

export interface AuthorityList {
  /** The oldest first. */
  readonly authorities: readonly Authority[];
  /** `spiffe_sequence` of the bundle. */
  readonly sequence: number;
}

/** The list after a change, or the same one if the change was of something else. */
export function applyChange(list: AuthorityList, change: CommittedChange): AuthorityList {
  if (change.kind !== 'authority.create' && change.kind !== 'authority.transition') return list;
  // what the ledger's type says of both kinds (AuthorityChanges)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const after = change.result as Authority;
  const before = list.authorities.find(({ id }) => id === after.id);
  const authorities =
    before === undefined
      ? [...list.authorities, after]
      : list.authorities.map((known) => (known.id === after.id ? after : known));
  const wasIn = before !== undefined && isInBundle(before);
  return { authorities, sequence: list.sequence + (wasIn === isInBundle(after) ? 0 : 1) };
}

/** The newest of a role and state. */
export function newest(
  { authorities }: AuthorityList,
  role: Authority['role'],
  state: Authority['state'],
): Authority | undefined {
  return authorities.findLast((known) => known.role === role && known.state === state);
}

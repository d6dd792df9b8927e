// Filters of entry lists, and lists of entries in pages of any size (spire-api B1).
import type { ListEntriesRequest_Filter } from '../../gen/spire/api/server/entry/v1/entry_pb.js';
import type { Entry } from '../../registry/entry.ts';
import type { EntryFilter, MatchBehavior, RegistryReader } from '../../registry/reader.ts';
import { SignetError } from '../../runtime/errors.ts';
import { parseTrustDomain, type TrustDomain } from '../../spiffe/trust-domain.ts';
import { idFromProto, selectorFromProto } from './convert-id.ts';

/** In the order of their numbers, which selectors and trust domains have in common. */
const matches: readonly MatchBehavior[] = ['exact', 'subset', 'superset', 'any'];
const maxMembers = 100;
const readSize = 1000;

interface EntryQuery {
  /** What the store looks for. */
  readonly filter: EntryFilter;
  /** What is left to us of it. */
  readonly federatesWith?: {
    readonly match: MatchBehavior;
    readonly trustDomains: readonly TrustDomain[];
  };
}

/** Both lists and counts have filters of this shape. */
type FilterMessage = Omit<ListEntriesRequest_Filter, '$typeName' | '$unknown'>;

/**
 * `by_downstream` false is no filter: SPIRE's tools always send it.
 *
 * @throws SignetError `api.filter_empty`, `api.filter_match`, `api.id_path`, `spiffe_id.*`,
 * `trust_domain.*`, `selector.*`
 */
export function queryOf(message: FilterMessage = {}): EntryQuery {
  const { bySpiffeId, byParentId, bySelectors, byFederatesWith, byHint, byDownstream } = message;
  const filter: EntryFilter = {
    ...(bySpiffeId && { spiffeId: idFromProto(bySpiffeId) }),
    ...(byParentId && { parentId: idFromProto(byParentId) }),
    ...(bySelectors && {
      selectors: {
        match: matchOf(bySelectors.match),
        selectors: members(bySelectors.selectors).map(selectorFromProto).toSorted(),
      },
    }),
    ...(byHint !== undefined && { hint: byHint }),
    ...(byDownstream === true && { downstream: true }),
  };
  if (byFederatesWith === undefined) return { filter };
  const match = matchOf(byFederatesWith.match);
  const trustDomains = members(byFederatesWith.trustDomains).map(parseTrustDomain).toSorted();
  return { filter, federatesWith: { match, trustDomains } };
}

/** Entries sorted by id, behind the one with the id `after`. */
export async function* findEntries(
  reader: RegistryReader,
  { filter, federatesWith }: EntryQuery,
  after?: string,
): AsyncGenerator<Entry, void> {
  let last = after;
  for (;;) {
    const page = { size: readSize, ...(last === undefined ? {} : { after: last }) };
    const entries = await reader.entries(filter, page);
    for (const entry of entries) {
      if (federatesWith === undefined || federates(entry, federatesWith)) yield entry;
    }
    last = entries.at(-1)?.id;
    if (entries.length < readSize) return;
  }
}

/** How many entries there are. */
export async function countEntries(reader: RegistryReader, query: EntryQuery): Promise<number> {
  if (query.federatesWith === undefined) return reader.countEntries(query.filter);
  return (await Array.fromAsync(findEntries(reader, query))).length;
}

function federates(
  { federatesWith }: Entry,
  { match, trustDomains }: NonNullable<EntryQuery['federatesWith']>,
): boolean {
  const [held, wanted] = [new Set(federatesWith), new Set(trustDomains)];
  switch (match) {
    case 'exact':
      return held.size === wanted.size && held.isSubsetOf(wanted);
    case 'subset':
      return held.size > 0 && held.isSubsetOf(wanted);
    case 'superset':
      return held.isSupersetOf(wanted);
    case 'any':
      return !held.isDisjointFrom(wanted);
  }
}

function matchOf(value: number): MatchBehavior {
  const match = matches[value];
  if (match === undefined) throw new SignetError('api.filter_match');
  return match;
}

function members<Member>(list: readonly Member[]): readonly Member[] {
  if (list.length === 0 || list.length > maxMembers) throw new SignetError('api.filter_empty');
  return list;
}

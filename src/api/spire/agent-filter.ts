// Filters and pages of agent lists, as tools send them.
import type {
  CountAgentsRequest_Filter,
  ListAgentsRequest_Filter,
} from '../../gen/spire/api/server/agent/v1/agent_pb.js';
import { SelectorMatch_MatchBehavior as Match } from '../../gen/spire/api/types/selector_pb.js';
import type { AgentFilter, MatchBehavior, Page } from '../../registry/reader.ts';
import { selector } from '../../spiffe/selector.ts';
import { parseSpiffeId } from '../../spiffe/spiffe-id.ts';
import { malformed } from './failures.ts';

type Filter = CountAgentsRequest_Filter | ListAgentsRequest_Filter;

const mostSelectors = 100;
const mostPerPage = 1000;
const longestType = 255;

const behaviors: Readonly<Record<Match, MatchBehavior>> = {
  [Match.MATCH_EXACT]: 'exact',
  [Match.MATCH_SUBSET]: 'subset',
  [Match.MATCH_SUPERSET]: 'superset',
  [Match.MATCH_ANY]: 'any',
};

/** @throws SignetError `request.malformed`, `selector.*` */
export function agentFilterOf(filter: Filter | undefined): AgentFilter {
  if (filter === undefined) return {};
  const { byAttestationType, byBanned, byCanReattest, byExpiresBefore, bySelectorMatch } = filter;
  if (byAttestationType.length > longestType) throw malformed('malformed attestation type');
  return {
    ...(byAttestationType === '' ? {} : { attestationType: byAttestationType }),
    ...(byBanned === undefined ? {} : { banned: byBanned }),
    ...(byCanReattest === undefined ? {} : { canReattest: byCanReattest }),
    ...(byExpiresBefore === '' ? {} : { expiresBefore: parseTime(byExpiresBefore) }),
    ...(bySelectorMatch === undefined ? {} : { selectors: parseMatch(bySelectorMatch) }),
  };
}

/**
 * Reads which page is wanted; 0 items means as many as there may be.
 *
 * @throws SignetError `request.malformed`
 */
export function agentPageOf({
  pageSize,
  pageToken,
}: {
  pageSize: number;
  pageToken: string;
}): Page {
  if (pageSize < 0) throw malformed('page size cannot be negative');
  const size = pageSize === 0 ? mostPerPage : Math.min(pageSize, mostPerPage);
  if (pageToken === '') return { size };
  try {
    return { size, after: parseSpiffeId(pageToken) };
  } catch (cause) {
    throw malformed('malformed page token', cause);
  }
}

function parseMatch({ match, selectors }: NonNullable<Filter['bySelectorMatch']>) {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an open enum: any number comes in
  const behavior = behaviors[match] as MatchBehavior | undefined;
  if (behavior === undefined) throw malformed('malformed selector match');
  if (selectors.length === 0 || selectors.length > mostSelectors) {
    throw malformed('malformed selector match: selectors');
  }
  return { match: behavior, selectors: selectors.map(({ type, value }) => selector(type, value)) };
}

/** Go's `2006-01-02 15:04:05 -0700 -07`, to Unix seconds. */
const timePattern = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}) ([+-]\d{2})(\d{2}) \S{1,6}$/;

function parseTime(text: string): number {
  const [, date, time, hours, minutes] = timePattern.exec(text) ?? [];
  const ms = Date.parse(`${date}T${time}${hours}:${minutes}`);
  if (Number.isNaN(ms)) throw malformed('malformed time of expiry');
  return Math.floor(ms / 1000);
}

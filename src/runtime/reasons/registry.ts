// Entries, agents and join tokens.
import {
  aborted,
  alreadyExists,
  failedPrecondition,
  internal,
  invalidArgument,
  notFound,
  permissionDenied,
  type Row,
  unauthenticated,
} from './row.ts';

export const registryReasons = {
  'entry.exists': alreadyExists(
    'an entry has this id, or this SPIFFE ID, parent and set of selectors: update that one',
  ),
  'entry.not_found': notFound('no entry has this id'),
  'entry.changed': aborted(
    'somebody has updated the entry meanwhile: read it again, then repeat the update',
  ),
  'entry.id': invalidArgument(
    'the id of an entry has 1 to 255 of A-Za-z0-9 . _ -: leave it out to have one chosen',
  ),
  'entry.trust_domain': invalidArgument(
    'an entry and its parent belong to the trust domain of this server: correct the SPIFFE ID',
  ),
  'entry.spiffe_id': invalidArgument(
    'a workload has a path of its own, outside /spire: choose another SPIFFE ID',
  ),
  'entry.selectors': invalidArgument('an entry has 1 to 100 selectors: state what the workload is'),
  'entry.selector_length': invalidArgument('a selector has at most 2048 bytes: shorten its value'),
  'entry.ttl': invalidArgument(
    'a lifetime is a whole number of seconds, 0 for the default of the server',
  ),
  'entry.expires_at': invalidArgument(
    'the end of an entry is a time in whole seconds, 0 for never: correct it',
  ),
  'entry.hint': invalidArgument('a hint has at most 1024 bytes: shorten it'),
  'entry.federates_with': invalidArgument(
    'an entry federates with at most 100 trust domains: split it',
  ),
  'entry.store_svid': invalidArgument(
    'an entry whose SVID is stored has selectors of one type only: make one for each type',
  ),
  'join_token.malformed': invalidArgument(
    'a join token has 1 to 255 of A-Za-z0-9 . _ -: leave it out to have one drawn',
  ),
  'join_token.ttl': invalidArgument(
    'a join token lives from 1 second to 30 days: choose a time within',
  ),
  'join_token.exists': alreadyExists('this join token was already made: draw another'),
  'join_token.unknown': unauthenticated(
    'no such join token, or it was used before: have a new one made',
  ),
  'join_token.expired': unauthenticated(
    'the join token has expired, and is of no use any more: have a new one made',
  ),
  'agent.banned': permissionDenied('the agent is banned: evict it if it may attest its node again'),
  'agent.attested': failedPrecondition(
    'an agent with this id has attested before and cannot again: evict it first',
  ),
  'agent.not_found': notFound('no agent with this id has attested, or it was evicted'),
  'refusal.kind': internal('no refusal is recorded under this kind of event: report this as a bug'),
} satisfies Record<string, Row>;

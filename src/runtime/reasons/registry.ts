// Entries, agents and join tokens.
import {
  aborted,
  alreadyExists,
  failedPrecondition,
  internal,
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
  'join_token.exists': alreadyExists('this join token was already made: draw another'),
  'join_token.unknown': unauthenticated(
    'no such join token, or it was used before: have a new one made',
  ),
  'join_token.expired': unauthenticated(
    'the join token has expired, and is of no use any more: have a new one made',
  ),
  'agent.banned': permissionDenied(
    'the agent is banned: evict it if it may attest its node again',
  ),
  'agent.attested': failedPrecondition(
    'an agent with this id has attested before and cannot again: evict it first',
  ),
  'agent.not_found': notFound('no agent with this id has attested, or it was evicted'),
  'refusal.kind': internal('no refusal is recorded under this kind of event: report this as a bug'),
} satisfies Record<string, Row>;

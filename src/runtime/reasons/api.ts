// What callers of the interfaces do wrong.
import {
  failedPrecondition,
  invalidArgument,
  notFound,
  permissionDenied,
  resourceExhausted,
  type Row,
} from './row.ts';

export const apiReasons = {
  'api.missing_id': invalidArgument('the message lacks a SPIFFE ID: fill it in'),
  'api.id_path': invalidArgument(
    'the path of a SPIFFE ID is empty or begins with a slash: add the slash',
  ),
  'api.batch_size': invalidArgument('one call has at most 1000 items: split it into several'),
  'api.missing_entry_id': invalidArgument('the message lacks the id of an entry: fill it in'),
  'api.entry_attributes': invalidArgument(
    'entries have no additional attributes here, so none can be switched on: leave them out',
  ),
  'api.filter_empty': invalidArgument(
    'a filter by a set needs 1 to 100 members: leave the filter out to have everything',
  ),
  'api.filter_match': invalidArgument(
    'the filter asks for a kind of match this server does not know: choose one of the published four',
  ),
  'api.page_size': invalidArgument('a page size is 0 for all or positive: correct it'),
  'api.page_token': invalidArgument(
    'the page token is not one this list and filter gave: begin with the first page',
  ),
  'api.sync_ids_first': invalidArgument(
    'the first request of a sync names no entries: ask for those found in the revisions it answers',
  ),
  'api.sync_revision_masked': invalidArgument(
    'a sync without revision numbers finds no changes: set revision_number in the mask',
  ),
  'api.sync_too_many_ids': invalidArgument(
    'a request of a sync names more entries than there are: name each of them once',
  ),
  'api.missing_params': invalidArgument('the call asks for no certificate: add a request to it'),
  'api.too_many_params': resourceExhausted(
    'one call asks for at most 500 certificates: split it into several',
  ),
  'api.missing_csr': invalidArgument('the message lacks a certificate request: send one in DER'),
  'api.mint_uri': invalidArgument(
    'the request of a minted certificate names exactly one URI, its SPIFFE ID: put it in',
  ),
  'api.mint_ttl': invalidArgument(
    'the lifetime of a minted certificate is 0 for the default or positive: correct it',
  ),
  'api.entry_not_authorized': notFound(
    'no such entry, or not one for this agent: wait until its next sync',
  ),
  'api.bundle_not_found': notFound('no bundle of this trust domain is known here'),
  'caller.denied': permissionDenied(
    'callers of this kind may not call this method: use the socket of the server, or an admin identity',
  ),
  'caller.agent_expired': permissionDenied(
    'the SVID of the agent has expired: attest the node again',
  ),
  'caller.agent_not_attested': permissionDenied(
    'no agent with this SPIFFE ID is known, or it was evicted: attest the node again',
  ),
  'caller.agent_not_active': permissionDenied(
    'the SVID of the agent was replaced by a newer one: use that, or attest the node again',
  ),
  'caller.agent_banned': permissionDenied(
    'this agent was banned: have it evicted before its node attests again',
  ),
  'caller.agent_must_reattest': permissionDenied(
    'agents of this kind attest their node again and do not renew: attest',
  ),
  'request.malformed': invalidArgument(
    'the message lacks a part or has a wrong one: compare it with the description of the API',
  ),
  'request.attestation_type': failedPrecondition(
    'nodes cannot attest in this way here: choose a kind of attestation that the server has',
  ),
  'request.rate': resourceExhausted('too many calls of this kind came from one address: slow down'),
} satisfies Record<string, Row>;

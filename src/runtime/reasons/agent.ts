// The node agent. Its own failures are named `node.*`, since `agent.*` is what a server says of agents.
import {
  dataLoss,
  failedPrecondition,
  internal,
  notFound,
  permissionDenied,
  type Row,
  unauthenticated,
  unavailable,
} from './row.ts';

export const agentReasons = {
  'node.state_malformed': dataLoss(
    'the stored identity of the agent is damaged: remove the file, then attest with a new join token',
  ),
  'node.state_foreign': failedPrecondition(
    'the stored identity belongs to another trust domain: correct trustDomain or take another dataDir',
  ),
  'node.state_unusable': failedPrecondition(
    'the identity of the agent cannot be stored or read: check owner and space of dataDir',
  ),
  'node.unreadable': failedPrecondition(
    'a file that the settings of the agent name cannot be read or is too long: check the path',
  ),
  'node.no_service': notFound('the health of the agent is asked for without a service name'),
  'node.no_bundle': failedPrecondition(
    'there is nothing to know the server by at first: configure a bootstrap bundle',
  ),
  'node.no_join_token': failedPrecondition(
    'the agent has no identity and no unused join token: have one made and start it with that',
  ),
  'node.refused': permissionDenied(
    'the server refused to attest this node: see its log, then start with a new join token',
  ),
  'node.banned': permissionDenied(
    'this agent was banned and has given up its identity: evict it, then start with a new join token',
  ),
  'node.not_attested': unauthenticated(
    'the server does not know this agent, it was evicted: start it with a new join token',
  ),
  'node.not_active': unauthenticated(
    'the server has seen a later identity of this agent: stop the copy, start with a new join token',
  ),
  'node.expired': unauthenticated(
    'the identity of the agent has expired unrenewed: start it with a new join token',
  ),
  'node.must_reattest': unauthenticated(
    'the server wants this node to attest again: start the agent with a new join token',
  ),
  'node.server_untrusted': unavailable(
    'what answers is not the server of this trust domain: check address, bundle and clocks',
  ),
  'node.not_accepted': unavailable(
    'the server hung up once it saw the certificate of this agent: look in its log, check the clocks',
  ),
  'node.server_bundle': unavailable(
    'the server gave a bundle that cannot be used: look at the authorities of its trust domain',
  ),
  'node.server_protocol': internal(
    'the server answered out of order: check that it is a SPIRE Server API of version 1.12 or later',
  ),
  'node.server_svid': internal(
    'the server issued a certificate with another key or name than was asked for: look in its log',
  ),
  'node.svid_refused': unavailable(
    'the server did not issue the certificate of an entry: look in its log for the entry',
  ),
  'node.stopped': unavailable('the agent is stopping: connect again once it is back'),
} satisfies Record<string, Row>;

// Connections and calls: listening, identifying peers, and what other servers answer.
import {
  aborted,
  alreadyExists,
  cancelled,
  dataLoss,
  deadlineExceeded,
  failedPrecondition,
  internal,
  invalidArgument,
  notFound,
  outOfRange,
  permissionDenied,
  resourceExhausted,
  type Row,
  unauthenticated,
  unavailable,
  unimplemented,
} from './row.ts';

export const rpcReasons = {
  'listener.path_too_long': invalidArgument(
    'the path of a Unix socket has at most 103 bytes: choose a shorter directory',
  ),
  'listener.not_a_socket': failedPrecondition(
    'the path of the Unix socket is taken by something else: move it, or choose another path',
  ),
  'listener.in_use': failedPrecondition(
    'another process answers on this Unix socket: stop it, or choose another path',
  ),
  'listener.unusable': failedPrecondition(
    'the address cannot be listened on: check that it is free and that its directory is writable',
  ),
  'listener.full': resourceExhausted(
    'there are too many connections, all in all or of this peer: close some, or raise the limit',
  ),

  'peer.unreadable': unauthenticated(
    'the kernel does not say who connected: use a local Unix socket on Linux',
  ),
  'peer.other_namespace': unauthenticated(
    'the caller lives in a process namespace that cannot be seen from here: share it with the host',
  ),
  'peer.exited': unauthenticated('the process that connected has ended: connect again'),
  'peer.unverified': unauthenticated(
    'the certificate presented at the other end is not acceptable: check trust bundle and identity',
  ),
  'peer.protocol': invalidArgument('the other end does not speak HTTP/2: offer h2 by ALPN'),

  'rpc.unidentified_peer': unauthenticated('the connection came without an identified peer'),
  'rpc.not_implemented': unimplemented('this method is not offered by this server'),
  'rpc.handshake_timeout': deadlineExceeded(
    'the TLS handshake took too long: check the network between the two ends',
  ),

  'rpc.aborted': aborted('the server aborted the call: start the whole operation again'),
  'rpc.already_exists': alreadyExists('the server has this already'),
  'rpc.cancelled': cancelled('the call was cancelled'),
  'rpc.data_loss': dataLoss('the server reports lost or corrupted data'),
  'rpc.deadline_exceeded': deadlineExceeded('the server did not answer in time: try again later'),
  'rpc.failed_precondition': failedPrecondition('the server is not in a state for this call'),
  'rpc.internal': internal('the server failed: look in its log'),
  'rpc.invalid_argument': invalidArgument('the server refused the request as malformed'),
  'rpc.not_found': notFound('the server does not have what was asked for'),
  'rpc.out_of_range': outOfRange('the server refused the request as out of range'),
  'rpc.permission_denied': permissionDenied('the server denies this call to this caller'),
  'rpc.resource_exhausted': resourceExhausted('the server is at a limit: slow down, send less'),
  'rpc.unauthenticated': unauthenticated('the server does not accept the identity of this caller'),
  'rpc.unavailable': unavailable('the server cannot be reached: check address, network and trust'),
  'rpc.unimplemented': unimplemented('the server does not offer this method'),
  'rpc.unknown': internal('the server failed without saying how: look in its log'),
} satisfies Record<string, Row>;

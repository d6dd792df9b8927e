// The REST API.
import {
  aborted,
  failedPrecondition,
  invalidArgument,
  notFound,
  outOfRange,
  permissionDenied,
  resourceExhausted,
  type Row,
  unauthenticated,
  unavailable,
} from './row.ts';

export const restReasons = {
  'json.malformed': invalidArgument('the body is not JSON (RFC 8259): correct its syntax'),
  'json.encoding': invalidArgument('the body is not UTF-8 without a byte order mark'),
  'json.duplicate': invalidArgument('an object names the same member twice: remove one of them'),
  'json.depth': invalidArgument('the body is nested deeper than 16 levels: flatten it'),
  'json.members': invalidArgument('the body has more than 10000 values: split the request'),

  'rest.no_route': notFound('nothing is served under this path and method: see /v1/openapi.json'),
  'rest.body': invalidArgument('the body is not what this route takes: see errors'),
  'rest.parameter': invalidArgument('a parameter is not what this route takes: see errors'),
  'rest.body_too_long': resourceExhausted('a body has at most 262144 bytes: split the request'),
  'rest.media_type': invalidArgument('bodies are application/json in UTF-8: say so and send that'),
  'rest.malformed': invalidArgument('the request is not well-formed HTTP: see RFC 9110'),
  'rest.cursor': invalidArgument(
    'the cursor is not one of this list, or of before a restart: begin the list again',
  ),
  'rest.if_match_missing': failedPrecondition(
    'an update names the revision that it changes: send its ETag as If-Match',
  ),
  'rest.if_match': invalidArgument(
    'the header If-Match takes one ETag as it was given, or *: send it so',
  ),
  'rest.changed': aborted('it has another revision by now: read it again, then repeat the request'),
  'rest.proof': invalidArgument('a proof is of one serial or of one index: name one of the two'),
  'rest.time': invalidArgument('a time is RFC 3339 in UTC, such as 2030-01-31T23:59:59Z'),
  'rest.bytes': invalidArgument('bytes are base64url without padding (RFC 4648 5)'),
  'rest.not_allowed': permissionDenied('this caller may not do this: ask for the permission'),
  'rest.unidentified': unauthenticated('the server cannot tell who calls: use its admin socket'),
  'rest.host': permissionDenied(
    'requests over TCP must name a loopback host: do not reach the API through other names',
  ),
  'rest.log_index': outOfRange(
    'the log has no entry of this index: see the checkpoint for its size',
  ),
  'rest.no_certificate': notFound('no certificate with this serial is in the log'),
  'rest.not_ready': unavailable('the server is not ready yet: wait for /readyz'),
} satisfies Record<string, Row>;

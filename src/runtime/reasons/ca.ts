// Authorities, key custody and issuance.
import {
  alreadyExists,
  failedPrecondition,
  internal,
  invalidArgument,
  notFound,
  resourceExhausted,
  type Row,
  unavailable,
} from './row.ts';

export const caReasons = {
  'key.missing': notFound(
    'the private key of an authority or of the log is not where keys are kept: restore it from a backup',
  ),
  'key.permissions': failedPrecondition(
    'a key file is readable by others than its owner, or the folder writable: replace the key if it may have leaked, then chmod 600 and 700',
  ),
  'key.mismatch': failedPrecondition(
    'a private key is not the one its certificate or its file name stands for: restore the right one from a backup',
  ),
  'key.damaged': failedPrecondition(
    'a key file is not one whole PKCS #8 key in PEM of the kind expected: restore it from a backup',
  ),
  'key.exists': alreadyExists('there is a key of this name: open that one'),
  'key.name': invalidArgument('a key is named by 1 to 64 of a-z 0-9 and hyphen'),

  'authority.settings': invalidArgument(
    'roots live 1 hour to 100 years, issuers at least 1 minute and at most as long as roots, leaves at most 24 hours',
  ),
  'authority.no_root': failedPrecondition(
    'no root is active and valid, so no issuer can be signed: rotate to a new root',
  ),
  'authority.no_issuer': unavailable(
    'no issuer is active and valid, so nothing is issued: look for its rotation in the server log',
  ),

  'issuance.overloaded': resourceExhausted(
    'too many certificates wait to be issued: try again after a pause',
  ),
  'issuance.too_many': invalidArgument(
    'one call orders at most 1000 certificates: split it into several',
  ),
  'issuance.ttl': failedPrecondition(
    'a profile lets leaves live longer than the authorities are set up for: raise their svidMaxTtlSeconds',
  ),
  'issuance.crashed': unavailable(
    'issuance stopped in the middle of this request and nothing of it was released: try again',
  ),
  'issuance.closed': unavailable('the server is stopping: try another one'),
  'issuance.uri': invalidArgument(
    'the request does not name exactly the SPIFFE ID it was ordered for: put that one URI into it',
  ),
  'issuance.spiffe_id': invalidArgument(
    'certificates are issued for SPIFFE IDs of this trust domain that have a path',
  ),
  'issuance.authority_key': invalidArgument(
    'the key of the request is that of an authority: make a new one',
  ),
  'issuance.order_expired': failedPrecondition(
    'what the order follows from has ended: renew the registration entry',
  ),
  'issuance.profile': internal('no such profile is configured: report this as a bug'),
  'issuance.not_released': unavailable(
    'the issuer stopped being valid while this was signed, so it was not released: try again',
  ),
} satisfies Record<string, Row>;

// The database.
import {
  alreadyExists,
  dataLoss,
  failedPrecondition,
  internal,
  invalidArgument,
  notFound,
  resourceExhausted,
  type Row,
  unavailable,
} from './row.ts';

export const storeReasons = {
  'store.unavailable': unavailable(
    'the change could not be made durable, so nothing of it happened: look for the cause in the server log, then try again',
  ),
  'store.overloaded': resourceExhausted(
    'too much waits to be made durable: try again after a pause',
  ),
  'store.duplicate_serial': alreadyExists(
    'this issuer has given the serial to another certificate: draw a new one',
  ),
  'store.locked': failedPrecondition(
    'another process uses this database: stop it, or give this one its own',
  ),
  'store.fenced': failedPrecondition(
    'another writer has taken over this database: stop one of the two, then restart',
  ),
  'store.schema': failedPrecondition(
    'the database was written by a newer version of Signet: upgrade this one',
  ),
  'store.origin': failedPrecondition(
    'the database holds the log of another origin: check the trust domain and the path',
  ),
  'store.log_key': failedPrecondition(
    'the newest checkpoint is not signed by this log key: configure the key that this log began with',
  ),
  'store.entry_damaged': dataLoss(
    'a log entry does not hash to its leaf hash: the database was altered, run the verifier on a copy',
  ),
  'store.head_damaged': dataLoss(
    'the head of the log is not what its entries and tiles add up to: the database was altered, run the verifier on a copy',
  ),
  'store.checkpoint_damaged': dataLoss(
    'the newest checkpoint is not of the tree in the database: it was altered or rolled back, run the verifier on a copy',
  ),
  'store.change': internal('the store knows no change of this kind: report this as a bug'),

  'authority.exists': alreadyExists('an authority with this id was created before'),
  'authority.parent': failedPrecondition(
    'the authority that signed this one is not known: create that one first',
  ),
  'authority.not_found': notFound('no authority has this id'),
  'authority.transition': failedPrecondition(
    'an authority goes from prepared to active, retiring, retired; from any of them to tainted, from there to revoked; a retired root has left the bundle for good',
  ),

  'query.page': invalidArgument('a page has 1 to 1000 items and begins at a key or an index'),
  'query.selectors': invalidArgument('a filter names at most 256 selectors'),
} satisfies Record<string, Row>;

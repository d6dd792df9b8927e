// The log: leaves, notes, checkpoints, proofs and their verification.
import { dataLoss, internal, invalidArgument, outOfRange, type Row } from './row.ts';

export const auditReasons = {
  'canonical_json.type': invalidArgument(
    'only objects, arrays, strings, integers and booleans have a canonical form: leave nulls out',
  ),
  'canonical_json.number': invalidArgument(
    'only integers up to 2^53 - 1 have a canonical form: scale fractions, write big ones as text',
  ),
  'canonical_json.surrogate': invalidArgument(
    'only well-formed Unicode has a canonical form: remove the lone surrogate',
  ),
  'leaf.too_long': invalidArgument(
    'a log leaf has at most 8192 bytes: commit to bulky evidence instead of including it',
  ),
  'leaf.packing': internal('packed leaves are cut short or padded: report this as a bug'),

  'leaf.malformed': dataLoss(
    'log leaf data is the line signet-log/v1, then a JSON object with t and ts',
  ),
  'proof.range': outOfRange(
    'a proof is of an index below a size, up to the size of the log: ask within it',
  ),

  'note.key': invalidArgument(
    'a note key is an Ed25519 key under a name without spaces or plus, written name+id+key (C2SP signed-note)',
  ),
  'note.malformed': dataLoss(
    'not a signed note: text, an empty line, then signature lines (C2SP signed-note)',
  ),
  'note.unsigned': dataLoss(
    'the note has no signature of this key: check that it is the log you expect',
  ),
  'note.signature': dataLoss(
    'the signature of the note does not verify: it was altered, keep it as evidence',
  ),
  'checkpoint.malformed': dataLoss(
    'a checkpoint is origin, size and root hash, a line each (C2SP tlog-checkpoint)',
  ),
  'checkpoint.origin': dataLoss('the checkpoint names another origin than the key that signed it'),
} satisfies Record<string, Row>;

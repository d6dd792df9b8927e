// Entries of the log as JSON: the leaf itself, and what it says.
import { type Static, Type } from 'typebox';
import { decodeLeaf, deriveColumns } from '../../../audit/columns.ts';
import type { LogEntry } from '../../../audit/log-reader.ts';
import * as field from './fields.ts';

export const logEntrySchema = field.object({
  index: field.logIndex,
  leafHash: field.hex,
  kind: Type.String(),
  time: field.time,
  event: Type.Record(Type.String(), Type.Unknown(), { description: 'as it was logged' }),
  leaf: Type.String({ description: 'the bytes that were hashed, base64url' }),
});

export type LogEntryJson = Static<typeof logEntrySchema>;

/** @throws SignetError `leaf.malformed` */
export function logEntryJson({ index, leafHash, data }: LogEntry): LogEntryJson {
  const leaf = Buffer.from(data);
  const { kind, ts } = deriveColumns(leaf);
  return {
    index,
    leafHash,
    kind,
    time: field.formatMs(ts),
    event: decodeLeaf(leaf),
    leaf: leaf.toString('base64url'),
  };
}

// A log as it is stored, for the verifier, which believes none of it. All of it is one snapshot.
import type { Columns } from './columns.ts';

export interface StoredEntry {
  readonly index: number;
  readonly leafHash: Uint8Array;
  /** Leaf data; null after lawful erasure. */
  readonly data: Buffer | null;
  /** As stored: of any type. */
  readonly columns: Readonly<Record<keyof Columns, unknown>>;
}

export interface StoredHead {
  readonly size: number;
  readonly root: Uint8Array;
  readonly range: Uint8Array;
}

export interface StoredCheckpoint {
  readonly size: number;
  readonly root: Uint8Array;
  readonly note: string;
}

export interface LogSource {
  head(): StoredHead | undefined;
  /** By index. */
  entries(): Iterable<StoredEntry>;
  /** By size. */
  checkpoints(): Iterable<StoredCheckpoint>;
  /** Data of a full tile. */
  tile(level: number, n: number): Uint8Array | undefined;
  /** Serials that one issuer has given twice, according to the columns. */
  duplicateSerials(): Iterable<{ readonly ca: string; readonly serial: string }>;
}

// What main thread and writer thread say to each other. One batch is under way at a time, so answers
// need no numbers.
import type { KeyObject } from 'node:crypto';
import type { Origin } from '../../audit/ledger.ts';
import type { PackedLeaves } from '../../audit/packed-leaves.ts';
import { type Details, SignetError } from '../../runtime/errors.ts';
import type { Reason } from '../../runtime/reasons.ts';
import type { Consequence } from '../changes/change.ts';

/** What the writer thread is started with. */
export interface WriterOptions {
  readonly file: string;
  readonly origin: string;
  readonly logKey: KeyObject;
  readonly nowMs: number;
}

/** What is committed whole or not at all. */
export interface Unit {
  readonly change?: { readonly kind: string; readonly input: unknown };
  readonly origin: Origin;
  readonly nowMs: number;
  readonly leaves?: PackedLeaves;
}

export type ToWriter = { readonly units: readonly Unit[] } | 'close';

/** A SignetError on its way between threads. */
export interface Failure {
  readonly reason: Reason;
  readonly details: Details;
  /** For the log only. */
  readonly cause: string;
}

export type UnitOutcome =
  | {
      readonly result: unknown;
      readonly firstIndex: number;
      readonly count: number;
      readonly consequences: readonly Consequence[];
    }
  | { readonly refused: Failure };

export type FromWriter =
  | { readonly ready: true; readonly checkpoint: string }
  | { readonly committed: readonly UnitOutcome[]; readonly checkpoint: string }
  /** Nothing of the batch was written. */
  | { readonly failed: Failure }
  /** The disk lied about what it has kept: nothing may be written any more. */
  | { readonly fatal: Failure };

export function failureOf(thrown: unknown): Failure {
  const { reason, details, message, cause } = SignetError.from(thrown);
  return { reason, details, cause: cause instanceof Error ? String(cause.stack) : message };
}

export function errorOf({ reason, details, cause }: Failure): SignetError {
  return new SignetError(reason, { details, cause: new Error(cause) });
}

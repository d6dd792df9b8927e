// What a change is made of. Each is a function that reads and writes through `sql`, and says which
// leaves record what it did; the writer adds them in the same transaction.
import { createHash } from 'node:crypto';
import { canonicalJson, type CanonicalObject } from '../../audit/canonical-json.ts';
import { encodeEvent, type EventBody } from '../../audit/event.ts';
import type { Changes, Origin } from '../../audit/ledger.ts';
import { SignetError } from '../../runtime/errors.ts';
import type { Sql } from '../sql.ts';

export interface Context {
  readonly origin: Origin;
  /** Unix milliseconds. */
  readonly nowMs: number;
}

/** A change that follows from another, told to listeners as if it had been asked for. */
export interface Consequence {
  readonly kind: string;
  readonly input: unknown;
  readonly result: unknown;
}

export type Applied<R> =
  | {
      readonly result: R;
      readonly leaves: readonly Uint8Array[];
      readonly consequences?: readonly Consequence[];
    }
  /** Refused, yet what was written stays: a spent token stays spent. */
  | { readonly refused: SignetError; readonly leaves: readonly Uint8Array[] };

/** Throws a SignetError to refuse: nothing that it wrote remains then. */
export type Apply<Input, Result> = (
  sql: Sql,
  input: Input,
  context: Context,
) => Promise<Applied<Result>>;

/** One function for each kind of change. */
export type Appliers<C extends Changes> = {
  readonly [K in keyof C]: Apply<C[K]['input'], C[K]['result']>;
};

/** The leaf data of an event that the change causes. @throws SignetError `leaf.too_long` */
export function leafOf(body: EventBody, { origin, nowMs }: Context): Uint8Array {
  return encodeEvent({ ...body, ts: nowMs, req: origin.requestId, actor: origin.actor });
}

/**
 * The leaf of an event with bulky members, or of a short form of it that commits to them, where the
 * whole does not fit.
 *
 * @param shorten makes the short form from the SHA-256, in base64url, of the canonical bulky members
 */
export function leafWithin(
  whole: EventBody,
  bulky: CanonicalObject,
  shorten: (hash: string) => EventBody,
  context: Context,
): Uint8Array {
  try {
    return leafOf(whole, context);
  } catch (error) {
    if (!(error instanceof SignetError && error.reason === 'leaf.too_long')) throw error;
    const hash = createHash('sha256').update(canonicalJson(bulky)).digest('base64url');
    return leafOf(shorten(hash), context);
  }
}

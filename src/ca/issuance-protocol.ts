// What the main thread and an issuance thread say to each other. Requests and certificates travel in one
// buffer a message, since a view of a larger one would take all of it along.
import type { Origin } from '../audit/ledger.ts';
import type { PackedLeaves } from '../audit/packed-leaves.ts';
import { maxCsrBytes } from '../pki/csr.ts';
import { type Details, SignetError } from '../runtime/errors.ts';
import type { Reason } from '../runtime/reasons.ts';
import type { Order } from './issuance.ts';
import type { PipelineSetup } from './issuance-pipeline.ts';

/** Orders of one call. */
export interface IssuanceJob {
  readonly orders: readonly Order[];
  readonly origin: Origin;
}

export type ToIssuance =
  /** From now on, sign with this. */
  | { readonly use: PipelineSetup }
  | { readonly jobs: readonly IssuanceJob[]; readonly nowMs: number };

/** What became of one order. */
export type SignedOutcome =
  | {
      /** DER. */
      readonly certificate: Uint8Array;
      readonly serial: string;
      readonly notBefore: number;
      readonly notAfter: number;
    }
  | { readonly refused: Refused };

/** A SignetError on its way between threads. */
export interface Refused {
  readonly reason: Reason;
  readonly details: Details;
  /** For the log only. */
  readonly cause: string;
}

/** What became of one job. */
export interface SignedJob {
  readonly authorityId: string;
  /** One for each order, in their order. */
  readonly outcomes: readonly SignedOutcome[];
  /** Of those that were signed. */
  readonly leaves: PackedLeaves;
}

export type FromIssuance = { readonly signed: readonly SignedJob[] };

export interface Packed<T> {
  readonly message: T;
  readonly transfer: ArrayBuffer[];
}

/** Puts all requests into one buffer. Of one that is too long only so much goes along as shows it. */
export function packJobs(jobs: readonly IssuanceJob[], nowMs: number): Packed<ToIssuance> {
  const bounded = jobs.map(({ orders, origin }) => ({
    origin,
    orders: orders.map((order) => ({ ...order, csr: order.csr.subarray(0, maxCsrBytes + 1) })),
  }));
  const csrs = bounded.flatMap(({ orders }) => orders.map(({ csr }) => csr));
  const { views, buffer } = together(csrs);
  const packed = bounded.map(({ orders, origin }) => ({
    origin,
    orders: orders.map((order) => ({ ...order, csr: views.shift() ?? order.csr })),
  }));
  return { message: { jobs: packed, nowMs }, transfer: [buffer] };
}

/** Puts all certificates into one buffer. */
export function packSigned(signed: readonly SignedJob[]): Packed<FromIssuance> {
  const certificates = signed.flatMap(({ outcomes }) =>
    outcomes.flatMap((outcome) => ('refused' in outcome ? [] : [outcome.certificate])),
  );
  const { views, buffer } = together(certificates);
  const packed = signed.map((job) => ({
    ...job,
    outcomes: job.outcomes.map((outcome) =>
      'refused' in outcome
        ? outcome
        : { ...outcome, certificate: views.shift() ?? outcome.certificate },
    ),
  }));
  const transfer = [buffer, ...signed.map(({ leaves }) => leaves.bytes.buffer)];
  return { message: { signed: packed }, transfer };
}

function together(parts: readonly Uint8Array[]): { views: Uint8Array[]; buffer: ArrayBuffer } {
  const buffer = new ArrayBuffer(parts.reduce((sum, { length }) => sum + length, 0));
  const whole = new Uint8Array(buffer);
  let at = 0;
  const views = parts.map((part) => {
    whole.set(part, at);
    at += part.length;
    return whole.subarray(at - part.length, at);
  });
  return { views, buffer };
}

export function refusedOf(thrown: unknown): Refused {
  const { reason, details, message, cause } = SignetError.from(thrown);
  return { reason, details, cause: cause instanceof Error ? String(cause.stack) : message };
}

export function errorOf({ reason, details, cause }: Refused): SignetError {
  return new SignetError(reason, { details, cause: new Error(cause) });
}

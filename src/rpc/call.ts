// What a handler knows about the call it serves.
import type { Metadata } from '@grpc/grpc-js';
import { SignetError } from '../runtime/errors.ts';
import type { Peer } from './peer.ts';

/** One object for the whole call, so that an authorizer may keep what it found out in a WeakMap. */
export interface CallContext {
  /** Aborts when the call is over for whatever reason: cancelled, expired, answered, connection lost. */
  readonly signal: AbortSignal;
  readonly metadata: Metadata;
  /** `/package.Service/Method`, from the definition and not from the wire. */
  readonly method: string;
  readonly peer: Peer;
  /** Made by us, never taken from the caller: names the call in logs and in answers. */
  readonly requestId: string;
}

/**
 * Decides whether a call may proceed, before any message of it is read.
 *
 * @throws SignetError whatever the caller shall be told
 */
export type Authorize = (context: CallContext) => void | Promise<void>;

/** Told of every failed call except those the caller gave up. This is where failures are logged. */
export type Report = (error: SignetError, context: CallContext) => void;

const contexts = new WeakMap<Metadata, CallContext>();

export function rememberCall(context: CallContext): void {
  contexts.set(context.metadata, context);
}

/** @throws SignetError `rpc.unidentified_peer` if the connection did not come through a listener of ours */
export function contextOf(call: { readonly metadata: Metadata }): CallContext {
  const context = contexts.get(call.metadata);
  if (context === undefined) throw new SignetError('rpc.unidentified_peer');
  return context;
}

// How an agent comes to its identity when it starts: the one it has stored, or a new one.
import { backoffMs } from '../runtime/backoff.ts';
import type { Clock } from '../runtime/clock.ts';
import { SignetError } from '../runtime/errors.ts';
import type { Logger } from '../runtime/log.ts';
import type { X509Bundle } from '../spiffe/bundle.ts';
import type { TrustDomain } from '../spiffe/trust-domain.ts';
import type { AgentIdentity, AgentState } from './agent-state.ts';
import { type Attestation, attestNode } from './attestation.ts';
import { isExpiredAt, isSpent } from './node-identity.ts';

export interface StartOptions {
  readonly trustDomain: TrustDomain;
  readonly serverAddress: string;
  readonly bootstrapBundle?: X509Bundle | undefined;
  readonly joinToken?: string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal?: AbortSignal;
}

const retry = { baseMs: 2000, maxMs: 60_000 };

/**
 * The stored identity, if it is valid still; the join token is left alone then. Otherwise attests, again
 * and again while the server cannot be reached, and stores what came of it.
 *
 * @throws SignetError `node.*`
 */
export async function findIdentity(
  state: AgentState,
  {
    trustDomain,
    serverAddress,
    bootstrapBundle,
    joinToken,
    clock,
    log,
    signal = never,
  }: StartOptions,
): Promise<AgentIdentity> {
  const stored = await state.load(trustDomain);
  if (stored !== undefined && !isExpiredAt(stored, clock)) return stored;
  if (joinToken === undefined || (stored !== undefined && isSpent(joinToken, stored))) {
    throw new SignetError(stored === undefined ? 'node.no_join_token' : 'node.expired');
  }
  const bundle = bootstrapBundle ?? stored?.bundle;
  if (bundle === undefined) throw new SignetError('node.no_bundle');
  if (bundle.trustDomain !== trustDomain) throw new SignetError('node.state_foreign');
  const identity = await attestUntilReached(
    { serverAddress, bundle, joinToken, clock },
    { clock, log, signal },
  );
  await state.save(identity);
  log.info({ spiffeId: identity.svid.spiffeId }, 'node attested');
  return identity;
}

async function attestUntilReached(
  attestation: Attestation,
  { clock, log, signal }: Pick<StartOptions, 'clock' | 'log'> & { readonly signal: AbortSignal },
): Promise<AgentIdentity> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await attestNode(attestation, signal);
    } catch (error) {
      if (signal.aborted) throw new SignetError('node.stopped', { cause: error });
      const failure = SignetError.from(error);
      if (!passing.has(failure.code)) throw failure;
      log.warn({ attempt, err: failure }, 'the node could not be attested, trying again');
    }
    await clock.sleep(backoffMs(attempt, retry), signal).catch((cause: unknown) => {
      throw new SignetError('node.stopped', { cause });
    });
  }
}

const never = new AbortController().signal;

/** Codes of failures that pass without anybody's doing. */
const passing: ReadonlySet<string> = new Set([
  'aborted',
  'cancelled',
  'deadline_exceeded',
  'resource_exhausted',
  'unavailable',
]);

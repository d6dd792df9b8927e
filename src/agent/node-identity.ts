// The agent's own identity while it runs: shown to the server, renewed in time, stored at every change,
// and given up when the server says that it is over.
import type { Clock } from '../runtime/clock.ts';
import { SignetError } from '../runtime/errors.ts';
import type { Logger } from '../runtime/log.ts';
import { spiffeId } from '../spiffe/spiffe-id.ts';
import { attestNode, renewNode } from './attestation.ts';
import type { AgentIdentity, AgentState } from './agent-state.ts';
import { type Refusal, refusalOf } from './refusal.ts';
import { dueInMs, type Lease, leaseOf, leaseOfStored, longestNapMs } from './renewal.ts';
import { isSameBundle, isTainted, type ServerBundle } from './server-bundle.ts';
import { type ServerClients, ServerConnection } from './server-connection.ts';

export interface NodeIdentityOptions {
  readonly serverAddress: string;
  readonly joinToken: string | undefined;
  readonly state: AgentState;
  readonly clock: Clock;
  readonly log: Logger;
  /** Told once that the agent cannot go on. */
  readonly onEnd: (error: SignetError) => void;
}

export class NodeIdentity {
  readonly #options: NodeIdentityOptions;
  readonly #connection: ServerConnection;
  #identity: AgentIdentity;
  #lease: Lease;
  #isTainted = false;
  #recovery: Promise<boolean> | undefined;
  #adopting: Promise<void> = Promise.resolve();
  /** What could not be stored, to be tried again. */
  #unsaved: AgentIdentity | undefined;

  constructor(identity: AgentIdentity, options: NodeIdentityOptions) {
    const { serverAddress: address, clock } = options;
    this.#options = options;
    this.#identity = identity;
    this.#lease = leaseOfStored(identity.svid, clock);
    this.#connection = new ServerConnection({
      address,
      bundle: () => this.#identity.bundle,
      identity: () => this.#identity.svid,
      clock,
    });
  }

  get current(): AgentIdentity {
    return this.#identity;
  }

  /**
   * Calls the server as this agent. When it answers that it does not know this agent any more, the agent
   * attests again and repeats the call, or ends.
   *
   * @throws SignetError `rpc.*`, `node.*`
   */
  async call<T>(use: (clients: ServerClients) => Promise<T>, signal: AbortSignal): Promise<T> {
    try {
      return await this.#connection.call(use);
    } catch (error) {
      const refusal = this.#isOver(error);
      if (refusal === undefined || signal.aborted) throw error;
      this.#recovery ??= this.#recover(refusal, error, signal).finally(() => {
        this.#recovery = undefined;
      });
      if (!(await this.#recovery)) throw error;
      return await this.#connection.call(use);
    }
  }

  /** Renews if it is time to. @returns milliseconds until it is worth looking again */
  async renew(signal: AbortSignal): Promise<number> {
    const { clock, log } = this.#options;
    if (this.#isTainted || dueInMs(this.#lease, clock) === 0) {
      const before = this.#identity.svid;
      const svid = await this.call((clients) => renewNode(clients, this.#identity, signal), signal);
      if (this.#identity.svid === before) await this.#adopt({ svid });
      log.info({ serial: svid.serial }, 'agent identity renewed');
    }
    if (this.#unsaved !== undefined) await this.#adopt({});
    return Math.min(dueInMs(this.#lease, clock), longestNapMs);
  }

  /** Takes the bundle of now; the present one stays, as an object, if it is the same. */
  async setBundle({ bundle, tainted }: ServerBundle): Promise<void> {
    this.#isTainted = isTainted(this.#identity.svid, tainted);
    if (!isSameBundle(bundle, this.#identity.bundle)) await this.#adopt({ bundle });
  }

  /** Fails the calls under way. */
  close(): void {
    this.#connection.close();
  }

  /** One after the other, so that neither a new SVID nor a new bundle undoes the other. */
  #adopt(change: Partial<AgentIdentity>): Promise<void> {
    this.#adopting = this.#adopting.then(() => this.#become({ ...this.#identity, ...change }));
    return this.#adopting;
  }

  /** Stored before it is used: once the server has seen a new SVID it takes the one before no more. */
  async #become(identity: AgentIdentity): Promise<void> {
    const { state, clock, log } = this.#options;
    try {
      await state.save(identity);
      this.#unsaved = undefined;
    } catch (error) {
      // without a disk the agent is as good as before until it is restarted
      this.#unsaved = identity;
      log.error({ err: error }, 'the identity of the agent is not stored, trying again');
    }
    if (identity.svid !== this.#identity.svid) {
      this.#lease = leaseOf(identity.svid, clock);
      this.#isTainted = false;
    }
    const isOther =
      identity.svid !== this.#identity.svid || identity.bundle !== this.#identity.bundle;
    this.#identity = identity;
    if (isOther) this.#connection.replace();
  }

  /** Why the present identity is of no use any more; undefined if the failure may pass by itself. */
  #isOver(error: unknown): Refusal | undefined {
    const isExpired = isExpiredAt(this.#identity, this.#options.clock);
    const isUnwanted = error instanceof SignetError && unwanted.has(error.reason);
    const refusal = refusalOf(error) ?? (isUnwanted ? 'node.expired' : undefined);
    // while it is valid by our clock the server's may be wrong, and it works until it expires
    const mayPass = refusal === 'node.expired' || refusal === 'node.must_reattest';
    return mayPass && !isExpired ? undefined : refusal;
  }

  /** @returns whether there is a new identity; if not, the agent ends. */
  async #recover(refusal: Refusal, cause: unknown, signal: AbortSignal): Promise<boolean> {
    const { serverAddress, joinToken, state, clock, log, onEnd } = this.#options;
    const { svid, bundle } = this.#identity;
    const canAttest = refusal !== 'node.banned' && joinToken !== undefined;
    if (canAttest && !isSpent(joinToken, this.#identity)) {
      log.warn({ refusal }, 'the server refuses this agent, attesting again');
      const attestation = { serverAddress, bundle, joinToken, clock };
      const identity = await attestNode(attestation, signal).catch(unlessRefused);
      if (identity !== undefined) {
        await this.#adopt(identity);
        return true;
      }
    }
    // an identity that has merely expired names what to evict, and harms nobody
    if (refusal !== 'node.expired') {
      await state.remove().catch((error: unknown) => {
        log.error({ err: error }, 'the identity that was given up could not be removed');
      });
    }
    onEnd(new SignetError(refusal, { details: { spiffeId: svid.spiffeId }, cause }));
    return false;
  }
}

function unlessRefused(error: unknown): undefined {
  if (!(error instanceof SignetError) || error.reason !== 'node.refused') throw error;
}

/** Failures that say nothing by themselves, but do for an expired identity. */
const unwanted: ReadonlySet<string> = new Set(['node.not_accepted', 'rpc.unauthenticated']);

/** By the clock of this machine. */
export function isExpiredAt({ svid }: AgentIdentity, clock: Pick<Clock, 'unixMs'>): boolean {
  return clock.unixMs() > svid.notAfter * 1000;
}

/** Whether it is the very token by which this identity came about, as its ID tells. */
export function isSpent(joinToken: string, { svid, bundle }: AgentIdentity): boolean {
  try {
    const segments = ['spire', 'agent', 'join_token', joinToken];
    return svid.spiffeId === spiffeId(bundle.trustDomain, ...segments);
  } catch {
    return false; // a token that is no segment has made no ID
  }
}

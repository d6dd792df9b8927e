// The node agent: attests its node, follows the entries it is entitled to, keeps their SVIDs fresh, and
// shows each process of this machine what it may have. Its sockets are opened by run.ts.
import type { IdentitySource } from '../api/identity-source.ts';
import { attestUnix } from '../attestation/workload/unix.ts';
import { jitterMs } from '../runtime/backoff.ts';
import type { Clock } from '../runtime/clock.ts';
import { SignetError } from '../runtime/errors.ts';
import { type Job, startJob } from '../runtime/job.ts';
import type { Logger } from '../runtime/log.ts';
import type { X509Bundle } from '../spiffe/bundle.ts';
import type { SpiffeId } from '../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../spiffe/trust-domain.ts';
import { AgentState } from './agent-state.ts';
import { Audiences } from './audiences.ts';
import type { AgentEntry } from './entry.ts';
import { type SyncedEntries, syncEntries } from './entry-sync.ts';
import { AgentIdentitySource, type AttestWorkload } from './identity-source.ts';
import { NodeIdentity } from './node-identity.ts';
import { postStatus } from './post-status.ts';
import { fetchBundle } from './server-bundle.ts';
import { Signing } from './signing.ts';
import { findIdentity } from './start.ts';
import { SvidCache } from './svid-cache.ts';
import { throttle } from './throttle.ts';

export interface AgentOptions {
  readonly trustDomain: TrustDomain;
  readonly dataDir: string;
  /** host:port */
  readonly serverAddress: string;
  /** To know the server by at first; later the bundle it gave is used. */
  readonly bootstrapBundle?: X509Bundle | undefined;
  /** Needed as long as there is no identity in `dataDir`. */
  readonly joinToken?: string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** Between two looks for changed entries. */
  readonly syncIntervalMs?: number;
  /** Adds `unix:path` to the selectors of processes. */
  readonly discoverWorkloadPath?: boolean;
  /** Adds `unix:sha256` for programs up to this size. */
  readonly maxWorkloadBinaryBytes?: number;
  /** Instead of the unix attestor. */
  readonly attestWorkload?: AttestWorkload;
  /** Gives up starting. */
  readonly signal?: AbortSignal;
}

/** For health checks and debugging. */
export interface AgentStatus {
  readonly spiffeId: SpiffeId;
  /** Unix seconds. */
  readonly notAfter: number;
  readonly bundleSequence: number;
  /** Whether it has heard from the server since it started. */
  readonly isSynced: boolean;
  /** Unix milliseconds of the last time. */
  readonly syncedAtMs: number | undefined;
  /** Why the last attempt failed; undefined if it did not. */
  readonly syncFailure: string | undefined;
  readonly entries: number;
  readonly svids: number;
  /** Calls of workloads and sidecars being served. */
  readonly subscribers: number;
}

const longestSyncRetryMs = 30_000;
const wakeSpanMs = 500;

export class Agent {
  readonly source: IdentitySource;
  /** Resolves once the server has said which entries this agent serves; never rejects. */
  readonly ready: Promise<void>;
  /** Resolves when the agent was stopped; rejects, with what to do, when it cannot go on. */
  readonly ended: Promise<void>;
  readonly #options: AgentOptions;
  readonly #node: NodeIdentity;
  readonly #cache: SvidCache;
  readonly #audiences: Audiences;
  readonly #stopping = new AbortController();
  readonly #ready = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  #jobs: Readonly<Record<'renewal' | 'signing' | 'sync', Job>> | undefined;
  #known: SyncedEntries = new Map();
  #shown: ReadonlyMap<TrustDomain, X509Bundle> = new Map();
  #syncedAtMs: number | undefined;
  #syncFailure: SignetError | undefined;
  #reportedSequence: number | undefined;

  private constructor(options: AgentOptions, node: NodeIdentity) {
    const { trustDomain, clock } = options;
    this.#options = options;
    this.#node = node;
    this.#cache = new SvidCache(clock);
    this.#audiences = new Audiences(trustDomain, this.#bundles(), (id) => this.#cache.svidOf(id));
    this.ready = this.#ready.promise;
    this.ended = this.#ended.promise;
    this.ended.catch(() => undefined); // for whom it may not concern
    const signal = this.#stopping.signal;
    this.source = new AgentIdentitySource({
      audiences: this.#audiences,
      attest: options.attestWorkload ?? unixAttestor(options),
      onUnmatched: throttle({
        clock,
        spanMs: wakeSpanMs,
        signal,
        run: () => this.#jobs?.sync.wake(),
      }),
      stopping: signal,
    });
  }

  /**
   * Finds the stored identity or attests the node, which it tries until the server can be reached, and
   * goes to work.
   *
   * @throws SignetError `node.*`
   */
  static async start(options: AgentOptions): Promise<Agent> {
    const { serverAddress, joinToken, clock, log } = options;
    const state = new AgentState(options.dataDir);
    const identity = await findIdentity(state, options);
    const holder: { agent?: Agent } = {};
    const onEnd = (error: SignetError): void => holder.agent?.end(error);
    const node = new NodeIdentity(identity, { serverAddress, joinToken, state, clock, log, onEnd });
    const agent = new Agent(options, node);
    holder.agent = agent;
    agent.#work();
    return agent;
  }

  get spiffeId(): SpiffeId {
    return this.#node.current.svid.spiffeId;
  }

  status(): AgentStatus {
    const { svid, bundle } = this.#node.current;
    return {
      spiffeId: svid.spiffeId,
      notAfter: svid.notAfter,
      bundleSequence: bundle.sequence,
      isSynced: this.#syncedAtMs !== undefined,
      syncedAtMs: this.#syncedAtMs,
      syncFailure: this.#syncFailure?.reason,
      ...this.#cache.counts,
      subscribers: this.#audiences.members,
    };
  }

  /** Ends what is being served, and resolves once nothing runs any more. */
  async stop(): Promise<void> {
    await this.#halt();
    this.#ended.resolve();
  }

  private end(error: SignetError): void {
    this.#options.log.error({ err: error }, 'the agent cannot go on');
    this.#ended.reject(error);
    void this.#halt();
  }

  async #halt(): Promise<void> {
    this.#stopping.abort();
    const jobs = Object.values(this.#jobs ?? {});
    const stopped = jobs.map((job) => job.stop());
    this.#node.close();
    await Promise.all(stopped);
  }

  #work(): void {
    const { clock, log } = this.#options;
    const signing = new Signing({
      cache: this.#cache,
      node: this.#node,
      log,
      onSigned: (svids) => this.#audiences.update({ svids }),
    });
    const common = { clock, log };
    const retry = { baseMs: 1000, maxMs: longestSyncRetryMs };
    this.#jobs = {
      sync: startJob({ ...common, name: 'agent sync', retry, run: (signal) => this.#sync(signal) }),
      signing: startJob({
        ...common,
        name: 'agent signing',
        retry,
        run: (signal) => signing.run(signal),
      }),
      renewal: startJob({
        ...common,
        name: 'agent renewal',
        retry,
        run: (signal) => this.#node.renew(signal),
      }),
    };
  }

  /** @returns milliseconds until the next */
  async #sync(signal: AbortSignal): Promise<number> {
    const { trustDomain, clock, syncIntervalMs = 5000 } = this.#options;
    try {
      const known = await this.#node.call(
        (clients) => syncEntries(clients, this.#known, trustDomain, signal),
        signal,
      );
      const fetched = await this.#node.call(
        (clients) => fetchBundle(clients, trustDomain, signal),
        signal,
      );
      await this.#node.setBundle(fetched);
      this.#known = known;
      const entries = usableOf(known);
      this.#cache.setEntries(entries);
      this.#cache.setTainted(fetched.tainted);
      this.#audiences.update({ entries, bundles: this.#bundles(), isSynced: true });
    } catch (error) {
      this.#syncFailure = SignetError.from(error);
      throw error;
    }
    this.#syncFailure = undefined;
    this.#syncedAtMs = clock.unixMs();
    this.#ready.resolve();
    if (this.#cache.nextDueInMs(1) === 0) this.#jobs?.signing.wake();
    await this.#report(signal);
    return jitterMs(syncIntervalMs, 0.1);
  }

  /** Tells the server which bundle is in force here, once for each. */
  async #report(signal: AbortSignal): Promise<void> {
    const { sequence } = this.#node.current.bundle;
    if (sequence === this.#reportedSequence) return;
    this.#reportedSequence = sequence;
    await this.#node
      .call((clients) => postStatus(clients, sequence, signal), signal)
      .catch((error: unknown) => {
        this.#options.log.debug(
          { err: error },
          'the server does not take the status of this agent',
        );
      });
  }

  /** The same map for as long as the bundle in it is the same. */
  #bundles(): ReadonlyMap<TrustDomain, X509Bundle> {
    const { bundle } = this.#node.current;
    if (this.#shown.get(bundle.trustDomain) !== bundle) {
      this.#shown = new Map([[bundle.trustDomain, bundle]]);
    }
    return this.#shown;
  }
}

function unixAttestor({
  discoverWorkloadPath: discoverPath = false,
  maxWorkloadBinaryBytes: maxBinaryBytes = 0,
}: AgentOptions): AttestWorkload {
  return (process) => attestUnix(process, { discoverPath, maxBinaryBytes });
}

function usableOf(known: SyncedEntries): ReadonlyMap<string, AgentEntry> {
  const entries = new Map<string, AgentEntry>();
  for (const [id, { entry }] of known) if (entry !== undefined) entries.set(id, entry);
  return entries;
}

// Answers SDS and the Workload API from the agent's cache: attests the caller, then shows it what its
// selectors entitle it to.
import type { Caller, IdentitySource, IdentityView } from '../api/identity-source.ts';
import type { PeerProcess } from '../rpc/peer-process.ts';
import { SignetError } from '../runtime/errors.ts';
import type { Selector } from '../spiffe/selector.ts';
import type { Audiences } from './audiences.ts';

export type AttestWorkload = (process: PeerProcess) => Promise<readonly Selector[]>;

export interface AgentIdentitySourceOptions {
  readonly audiences: Audiences;
  readonly attest: AttestWorkload;
  /** Told when a caller has no identity although nothing is pending. */
  readonly onUnmatched: () => void;
  /** Aborts when the agent stops, for whatever reason. */
  readonly stopping: AbortSignal;
}

export class AgentIdentitySource implements IdentitySource {
  readonly #options: AgentIdentitySourceOptions;
  /** A sidecar opens one stream for each secret: it is attested once for its connection. */
  readonly #attested = new WeakMap<PeerProcess, Promise<ReadonlySet<Selector>>>();

  constructor(options: AgentIdentitySourceOptions) {
    this.#options = options;
  }

  /** @throws SignetError `workload.*`, `node.stopped` */
  async *watch({ process }: Caller, signal: AbortSignal): AsyncGenerator<IdentityView, void> {
    const { audiences, onUnmatched, stopping } = this.#options;
    const selectors = await this.#selectorsOf(process);
    using audience = audiences.join(selectors);
    const { identities, pending } = audience.view.value;
    if (identities.length === 0 && !pending) onUnmatched();
    for await (const view of audience.view.watch(AbortSignal.any([signal, stopping]))) {
      // whoever has its pid by now was never attested
      if (!process.isAlive()) throw new SignetError('workload.exited');
      yield view;
    }
    if (!signal.aborted) throw new SignetError('node.stopped');
  }

  #selectorsOf(process: PeerProcess): Promise<ReadonlySet<Selector>> {
    const known = this.#attested.get(process);
    if (known !== undefined) return known;
    const attested = this.#attest(process);
    this.#attested.set(process, attested);
    attested.catch(() => this.#attested.delete(process)); // the next stream tries again
    return attested;
  }

  async #attest(process: PeerProcess): Promise<ReadonlySet<Selector>> {
    return new Set(await this.#options.attest(process));
  }
}

// Writes refusals to the log, few enough that nobody fills it by asking.
import type { Origin } from '../../audit/ledger.ts';
import type { RegistryChanges } from '../../registry/changes.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/log.ts';

type Refusal = RegistryChanges['refusal.record']['input'];

export interface RefusalsOptions {
  readonly registry: {
    recordRefusal(refusal: Refusal, origin: Origin): Promise<void>;
  };
  readonly clock: Clock;
  readonly log: Logger;
}

/** All peers together, each second. */
const mostPerSecond = 100;

export class Refusals {
  readonly #options: RefusalsOptions;
  #second = 0;
  readonly #recorded = new Set<string>();

  constructor(options: RefusalsOptions) {
    this.#options = options;
  }

  /**
   * Records it, unless the same peer had one for the same matter within the second. A log that cannot
   * be written to changes nothing about the refusal.
   */
  async record(peer: string, refusal: Refusal, origin: Origin): Promise<void> {
    const { registry, log } = this.#options;
    if (!this.#admits(`${peer} ${refusal.target ?? refusal.kind}`)) return;
    try {
      await registry.recordRefusal(refusal, origin);
    } catch (err) {
      log.warn({ err, req: origin.requestId }, 'a refusal was not recorded');
    }
  }

  #admits(key: string): boolean {
    const second = Math.floor(this.#options.clock.monotonicMs() / 1000);
    if (second !== this.#second) this.#recorded.clear();
    this.#second = second;
    if (this.#recorded.has(key) || this.#recorded.size >= mostPerSecond) return false;
    this.#recorded.add(key);
    return true;
  }
}

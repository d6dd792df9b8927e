// Has SVIDs signed as the cache calls for them, in batches, and tells whose are new.
import type { Logger } from '../runtime/log.ts';
import type { X509Svid } from '../spiffe/svid.ts';
import type { NodeIdentity } from './node-identity.ts';
import { longestNapMs } from './renewal.ts';
import type { SvidCache } from './svid-cache.ts';
import { largestBatch, requestSvids } from './svid-request.ts';

export interface SigningOptions {
  readonly cache: SvidCache;
  readonly node: NodeIdentity;
  readonly log: Logger;
  /** Given the ids of the entries concerned. */
  readonly onSigned: (entryIds: readonly string[]) => void;
}

export class Signing {
  readonly #options: SigningOptions;
  #batch = largestBatch;

  constructor(options: SigningOptions) {
    this.#options = options;
  }

  /**
   * Asks for one batch of what is due.
   *
   * @returns milliseconds until something is due again
   * @throws SignetError `rpc.*`, `node.*`; the next batch is half as large
   */
  async run(signal: AbortSignal): Promise<number> {
    const { cache, node, log, onSigned } = this.#options;
    const due = cache.due(this.#batch);
    if (due.length > 0) {
      const outcomes = await this.#halvedOnFailure(
        node.call((clients) => requestSvids(clients, due, signal), signal),
      );
      const stored = outcomes.filter(({ entry, result }) => cache.store(entry, result));
      for (const { entry, result } of outcomes)
        if (isFailure(result)) log.warn({ entryId: entry.id, err: result }, 'no SVID for an entry');
      onSigned(stored.map(({ entry }) => entry.id));
      log.debug({ asked: due.length, signed: stored.length }, 'SVIDs signed');
    }
    return cache.nextDueInMs(longestNapMs);
  }

  async #halvedOnFailure<T>(call: Promise<T>): Promise<T> {
    try {
      const result = await call;
      this.#batch = Math.min(largestBatch, this.#batch * 2);
      return result;
    } catch (error) {
      this.#batch = Math.max(1, Math.floor(this.#batch / 2));
      throw error;
    }
  }
}

const isFailure = (result: Error | X509Svid): result is Error => result instanceof Error;

// How often one address may ask for costly work (spire-api A10): calls wait for their turn, and only a
// queue that is too long is refused.
import type { Clock } from '../../runtime/clock.ts';
import { SignetError } from '../../runtime/errors.ts';

export interface RateLimitOptions {
  readonly clock: Clock;
  /** Units a second for each address, and at most so many at once after a pause. */
  readonly perSecond: number;
}

/** A call that would wait for longer is refused at once: its caller has a deadline. */
const longestWaitMs = 30_000;
/** Addresses remembered; the one that asked least recently is forgotten, and starts afresh. */
const mostAddresses = 10_000;

export class RateLimit {
  readonly #options: RateLimitOptions;
  /** When the allowance of an address is whole again, monotonic milliseconds; the oldest first. */
  readonly #wholeAt = new Map<string, number>();

  constructor(options: RateLimitOptions) {
    this.#options = options;
  }

  /**
   * Resolves when `units` may be spent. What was taken stays taken, also if the call gives up waiting.
   *
   * @throws SignetError `request.rate` for more than a second's worth, or more than can be waited for;
   * what `signal` aborts with
   */
  async take(address: string, units: number, signal: AbortSignal): Promise<void> {
    const { clock, perSecond } = this.#options;
    if (units > perSecond) throw new SignetError('request.rate', { details: { limit: perSecond } });
    const now = clock.monotonicMs();
    const wholeAt = Math.max(now, this.#wholeAt.get(address) ?? now) + (units / perSecond) * 1000;
    const waitMs = wholeAt - now - 1000;
    if (waitMs > longestWaitMs) {
      throw new SignetError('request.rate', { details: { limit: perSecond } });
    }
    this.#remember(address, wholeAt);
    if (waitMs > 0) await clock.sleep(waitMs, signal);
  }

  #remember(address: string, wholeAt: number): void {
    this.#wholeAt.delete(address);
    this.#wholeAt.set(address, wholeAt);
    if (this.#wholeAt.size <= mostAddresses) return;
    const [oldest] = this.#wholeAt.keys();
    if (oldest !== undefined) this.#wholeAt.delete(oldest);
  }
}

// How many streams one process may hold open: a sidecar opens one for each secret, an attacker as many
// as it is let.
import { SignetError } from '../runtime/errors.ts';
import type { Caller } from './identity-source.ts';

/** A stream that counts until it is disposed of. */
export interface OpenStream extends Disposable {
  /** Aborts when the call is over, and when the stream is disposed of. */
  readonly signal: AbortSignal;
}

export class StreamLimit {
  readonly #limit: number;
  readonly #open = new Map<string, number>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * @param call the signal of the call that the stream is
   * @throws SignetError `caller.too_many_streams`
   */
  enter({ process: { uid, pid } }: Caller, call: AbortSignal): OpenStream {
    const key = `${uid} ${pid}`;
    const count = this.#open.get(key) ?? 0;
    if (count >= this.#limit) {
      throw new SignetError('caller.too_many_streams', { details: { limit: this.#limit } });
    }
    this.#open.set(key, count + 1);
    const over = new AbortController();
    return {
      signal: AbortSignal.any([call, over.signal]),
      [Symbol.dispose]: () => {
        if (over.signal.aborted) return;
        over.abort();
        this.#leave(key);
      },
    };
  }

  #leave(key: string): void {
    const count = (this.#open.get(key) ?? 1) - 1;
    if (count === 0) this.#open.delete(key);
    else this.#open.set(key, count);
  }
}

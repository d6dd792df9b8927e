// A value that changes, for many readers of different speed: each sees the newest one and may miss
// those in between, so a slow reader never makes a queue.

export class Latest<T> {
  #value: T;
  #changed = Promise.withResolvers<void>();

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  /** Wakes all readers, unless it is the same value (`===`). */
  set(value: T): void {
    if (value === this.#value) return;
    this.#value = value;
    const changed = this.#changed;
    this.#changed = Promise.withResolvers();
    changed.resolve();
  }

  /** Yields the value there is, then the newest after each change, until `signal` aborts. */
  async *watch(signal: AbortSignal): AsyncGenerator<T, void, undefined> {
    const ended = Promise.withResolvers<void>();
    const end = () => ended.resolve();
    signal.addEventListener('abort', end, { once: true });
    try {
      while (!signal.aborted) {
        const [seen, changed] = [this.#value, this.#changed.promise];
        yield seen;
        if (this.#value === seen) await Promise.race([changed, ended.promise]);
      }
    } finally {
      signal.removeEventListener('abort', end);
    }
  }
}

// The sending side of a stream whose requests depend on the answers.

export class Outbox<T> {
  readonly #items: T[] = [];
  #changed = Promise.withResolvers<void>();
  #isEnded = false;

  put(item: T): void {
    this.#items.push(item);
    this.#changed.resolve();
  }

  /** Ends `items()`, once all that was put is taken. */
  end(): void {
    this.#isEnded = true;
    this.#changed.resolve();
  }

  /** What was put, in order; for one reader. */
  async *items(): AsyncGenerator<T, void, undefined> {
    for (;;) {
      const item = this.#items.shift();
      if (item !== undefined) yield item;
      else if (this.#isEnded) return;
      else {
        await this.#changed.promise;
        this.#changed = Promise.withResolvers();
      }
    }
  }
}

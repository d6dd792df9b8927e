// Several streams of events as one, without a queue: each is pulled again only when its last event has
// been dealt with, so that whoever is slow here holds up the source and no memory.

/** Ends with the first source that ends, and fails with the first that fails. */
export async function* merge<T>(...sources: readonly AsyncIterable<T>[]): AsyncGenerator<T> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]());
  const ready: { readonly from: AsyncIterator<T>; readonly result: IteratorResult<T> }[] = [];
  let failure: { readonly error: unknown } | undefined;
  let news = Promise.withResolvers<void>();

  const pull = async (from: AsyncIterator<T>): Promise<void> => {
    try {
      ready.push({ from, result: await from.next() });
    } catch (error) {
      failure ??= { error };
    }
    news.resolve();
  };

  try {
    for (const iterator of iterators) void pull(iterator);
    for (;;) {
      await news.promise;
      news = Promise.withResolvers();
      for (let next = ready.shift(); next !== undefined; next = ready.shift()) {
        if (next.result.done === true) return;
        yield next.result.value;
        void pull(next.from);
      }
      if (failure !== undefined) throw failure.error;
    }
  } finally {
    // Not awaited: a source that waits for its peer ends when the call does.
    for (const iterator of iterators) void iterator.return?.().catch(() => undefined);
  }
}

/** What is left of an iterator, each item as `map` makes it. */
export async function* mapped<T, U>(
  source: AsyncIterable<T> | AsyncIterator<T>,
  map: (item: T) => U,
): AsyncGenerator<U> {
  const iterable =
    Symbol.asyncIterator in source ? source : { [Symbol.asyncIterator]: () => source };
  for await (const item of iterable) yield map(item);
}

// Remembers what was computed from a list of objects for as long as all of them live, and no longer.

class Branch<V> {
  readonly next = new WeakMap<object, Branch<V>>();
  readonly values = new Map<string, V>();
}

export class TupleCache<V> {
  readonly #root = new Branch<V>();

  /** The value under `label` for these very objects in this order; computed at most once. */
  get(objects: readonly object[], label: string, compute: () => V): V {
    let branch = this.#root;
    for (const object of objects) {
      let next = branch.next.get(object);
      if (next === undefined) branch.next.set(object, (next = new Branch<V>()));
      branch = next;
    }
    const known = branch.values.get(label);
    if (known !== undefined) return known;
    const value = compute();
    branch.values.set(label, value);
    return value;
  }
}

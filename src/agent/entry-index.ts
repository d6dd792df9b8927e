// Entries by their selectors: which of thousands a process with certain selectors matches is found
// without looking at the others.
import type { Selector } from '../spiffe/selector.ts';
import type { AgentEntry } from './entry.ts';

export class EntryIndex {
  #entries: ReadonlyMap<string, AgentEntry> = new Map();
  /** Each entry under one of its selectors, the one with fewest entries at that time. */
  readonly #byAnchor = new Map<Selector, Set<AgentEntry>>();
  readonly #anchors = new Map<AgentEntry, Selector>();

  get(id: string): AgentEntry | undefined {
    return this.#entries.get(id);
  }

  /** Takes the entries of now, and says what changed: before and now, undefined where there is none. */
  replace(
    entries: ReadonlyMap<string, AgentEntry>,
  ): [before: AgentEntry | undefined, now: AgentEntry | undefined][] {
    const changes: [AgentEntry | undefined, AgentEntry | undefined][] = [];
    for (const [id, before] of this.#entries) {
      if (!entries.has(id)) changes.push([before, undefined]);
    }
    for (const [id, now] of entries) {
      const before = this.#entries.get(id);
      if (before !== now) changes.push([before, now]);
    }
    for (const [before, now] of changes) {
      if (before !== undefined) this.#remove(before);
      if (now !== undefined) this.#add(now);
    }
    this.#entries = entries;
    return changes;
  }

  /** Entries all of whose selectors are among these. */
  matching(selectors: ReadonlySet<Selector>): AgentEntry[] {
    return [...selectors].flatMap((selector) =>
      [...(this.#byAnchor.get(selector) ?? [])].filter((entry) =>
        entry.selectors.isSubsetOf(selectors),
      ),
    );
  }

  #add(entry: AgentEntry): void {
    let anchor: Selector | undefined;
    let fewest = Infinity;
    for (const selector of entry.selectors) {
      const size = this.#byAnchor.get(selector)?.size ?? 0;
      if (size < fewest) [anchor, fewest] = [selector, size];
    }
    if (anchor === undefined) return;
    this.#anchors.set(entry, anchor);
    this.#byAnchor.set(anchor, (this.#byAnchor.get(anchor) ?? new Set()).add(entry));
  }

  #remove(entry: AgentEntry): void {
    const anchor = this.#anchors.get(entry);
    if (anchor === undefined) return;
    this.#anchors.delete(entry);
    const entries = this.#byAnchor.get(anchor);
    entries?.delete(entry);
    if (entries?.size === 0) this.#byAnchor.delete(anchor);
  }
}

// The SVIDs of the entries of this node: which there are, and which are to be signed next. It decides
// only; signing.ts asks the server.
import { backoffMs } from '../runtime/backoff.ts';
import type { Clock } from '../runtime/clock.ts';
import type { SignetError } from '../runtime/errors.ts';
import type { X509Svid } from '../spiffe/svid.ts';
import type { AgentEntry } from './entry.ts';
import { dueInMs, type Lease, leaseOf } from './renewal.ts';
import { isTainted } from './server-bundle.ts';

/** An SVID and what it was signed for. */
interface Held {
  readonly svid: X509Svid;
  readonly lease: Lease;
  readonly entry: AgentEntry;
}

interface Slot {
  entry: AgentEntry;
  held: Held | undefined;
  /** Its root is tainted, so another is to replace it. */
  isTainted: boolean;
  failures: number;
  /** Monotonic; not asked for again before. */
  retryAtMs: number;
}

const retry = { baseMs: 1000, maxMs: 60_000 };

export class SvidCache {
  readonly #clock: Clock;
  readonly #slots = new Map<string, Slot>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Number of entries, and of those that have an SVID. */
  get counts(): { readonly entries: number; readonly svids: number } {
    const slots = [...this.#slots.values()];
    return { entries: slots.length, svids: slots.filter(({ held }) => held !== undefined).length };
  }

  /** The same object for as long as it is the same SVID; undefined while it is being made. */
  svidOf(entryId: string): X509Svid | undefined {
    return this.#slots.get(entryId)?.held?.svid;
  }

  /**
   * Takes the entries of now. An SVID is kept while another is made for a changed entry, but not if it
   * says something else than the entry does now.
   */
  setEntries(entries: ReadonlyMap<string, AgentEntry>): void {
    for (const id of this.#slots.keys()) {
      if (!entries.has(id)) this.#slots.delete(id);
    }
    for (const [id, entry] of entries) {
      const slot = this.#slots.get(id);
      if (slot === undefined) this.#slots.set(id, emptySlot(entry));
      else if (slot.entry !== entry) {
        const isStill = slot.held?.svid.spiffeId === entry.spiffeId;
        const held = isStill && !isRecreated(slot.entry, entry) ? slot.held : undefined;
        this.#slots.set(id, { ...emptySlot(entry), held, isTainted: slot.isTainted });
      }
    }
  }

  /** @param tainted key ids of roots */
  setTainted(tainted: ReadonlySet<string>): void {
    for (const slot of this.#slots.values()) {
      slot.isTainted = slot.held !== undefined && isTainted(slot.held.svid, tainted);
    }
  }

  /** The entries to ask SVIDs for now: those without one first, then by how soon theirs expires. */
  due(limit: number): AgentEntry[] {
    return [...this.#slots.values()]
      .filter((slot) => this.#dueInMs(slot) === 0)
      .map(({ entry, held }) => ({ entry, expiry: held?.svid.notAfter ?? 0 }))
      .toSorted((a, b) => a.expiry - b.expiry)
      .slice(0, limit)
      .map(({ entry }) => entry);
  }

  /** Milliseconds until `due` has something; 0 if it has. */
  nextDueInMs(longest: number): number {
    let next = longest;
    for (const slot of this.#slots.values()) next = Math.min(next, this.#dueInMs(slot));
    return next;
  }

  /** What came of asking. Without effect if the entry is gone; stays due if it has changed meanwhile. */
  store(entry: AgentEntry, result: X509Svid | SignetError): boolean {
    const slot = this.#slots.get(entry.id);
    if (slot === undefined || slot.entry.spiffeId !== entry.spiffeId) return false;
    if (result instanceof Error) {
      slot.failures += 1;
      slot.retryAtMs = this.#clock.monotonicMs() + backoffMs(slot.failures, retry);
      return false;
    }
    slot.held = { svid: result, lease: leaseOf(result, this.#clock), entry };
    slot.isTainted = false;
    slot.failures = 0;
    slot.retryAtMs = 0;
    return true;
  }

  #dueInMs({ entry, held, isTainted: mustGo, retryAtMs }: Slot): number {
    const retryInMs = Math.max(0, retryAtMs - this.#clock.monotonicMs());
    if (held === undefined || held.entry !== entry || mustGo) return retryInMs;
    return Math.max(retryInMs, dueInMs(held.lease, this.#clock));
  }
}

const emptySlot = (entry: AgentEntry): Slot => ({
  entry,
  held: undefined,
  isTainted: false,
  failures: 0,
  retryAtMs: 0,
});

/** Deleted, and another made under the same id. */
const isRecreated = (before: AgentEntry, now: AgentEntry): boolean =>
  before.createdAt !== now.createdAt && before.createdAt !== 0n && now.createdAt !== 0n;

// What the rest of Signet asks of the log: make this durable, then tell. A change of state and the
// leaves that record it are one unit, all of it or nothing, so that nothing happens unlogged.
import type { PackedLeaves } from './packed-leaves.ts';

/** On whose behalf a unit is written; both end up in its leaves. */
export interface Origin {
  /** `user:…`, `spiffe:…` (a SPIFFE ID) or `system:…`. */
  readonly actor: string;
  /** Id of the request, for finding it again in logs. */
  readonly requestId: string;
}

/** Kinds of change, each with what it takes and what it gives. Folders declare theirs. */
export type Changes = Readonly<Record<string, { input: unknown; result: unknown }>>;

/** Proof that a unit is durable. */
export interface Receipt {
  /** Index of the unit's first leaf. Its others follow without a gap. */
  readonly firstIndex: number;
  readonly count: number;
  /** Signed checkpoint whose tree holds the unit. */
  readonly checkpoint: string;
}

export interface Committed<R> extends Receipt {
  readonly result: R;
}

/** A committed change, as listeners are told of it. */
export interface CommittedChange {
  readonly kind: string;
  readonly input: unknown;
  readonly result: unknown;
  readonly receipt: Receipt;
}

export interface Ledger<C extends Changes> {
  /**
   * Applies a change and appends the leaves it gives, followed by `leaves`, in one durable transaction.
   *
   * @throws SignetError the reason the change was refused for, in which case nothing was written, or
   * `store.unavailable` if it could not be made durable
   */
  commit<K extends keyof C & string>(
    kind: K,
    input: C[K]['input'],
    origin: Origin,
    leaves?: PackedLeaves,
  ): Promise<Committed<C[K]['result']>>;

  /**
   * Appends leaves alone. The bytes are transferred to another thread: do not use them afterwards.
   *
   * @throws SignetError `store.unavailable`, or `store.duplicate_serial` if a serial is taken, in
   * which case none of these leaves was written
   */
  append(leaves: PackedLeaves): Promise<Receipt>;

  /**
   * Told of every committed change, in the order of the log and before its promise resolves; after it,
   * with the same receipt, of changes that followed from it, such as the entries that go with an agent.
   */
  onCommitted(listener: (change: CommittedChange) => void): void;
}

// The store: the one place where state is kept. It implements what the domain folders declare, and
// has one implementation for each database, all held to the same suite of tests.
import type { Ledger } from '../audit/ledger.ts';
import type { LogReader } from '../audit/log-reader.ts';
import type { AuthorityChanges, AuthorityReader } from '../ca/changes.ts';
import type { RegistryChanges } from '../registry/changes.ts';
import type { RegistryReader } from '../registry/reader.ts';

/** Every change that can be committed. */
export type StoreChanges = RegistryChanges & AuthorityChanges;

export interface Readers {
  readonly log: LogReader;
  readonly registry: RegistryReader;
  readonly authorities: AuthorityReader;
}

export interface Store extends Readers {
  readonly ledger: Ledger<StoreChanges>;
  /** Makes durable what is under way, refuses the rest, and lets go of the database. */
  close(): Promise<void>;
}

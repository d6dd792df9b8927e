// Every change to authorities that the ledger can commit.
import type { Authority, AuthorityState } from './authority.ts';

/** A type, not an interface, so that it is assignable to `Changes`. */
export type AuthorityChanges = {
  /** Before a CA key signs a CA certificate: what is about to be signed (audit-log 2.2). */
  'authority.intent': {
    input: { authorityId: string; parentId: string; tbsHash: string; role: string };
    result: null;
  };
  /** A new authority, `prepared` or `active`. A root is in the bundle from now on, whose sequence rises. */
  'authority.create': { input: Authority; result: Authority };
  /** Refused with `authority.not_found` or `authority.transition`. */
  'authority.transition': { input: { id: string; to: AuthorityState }; result: Authority };
};

export interface AuthorityReader {
  /** All that were ever created, the oldest first. */
  authorities(): Promise<readonly Authority[]>;
  /** `spiffe_sequence` of the bundle: how often a root entered or left it. */
  bundleSequence(): Promise<number>;
}

// Registration entries: which workloads, known by their selectors, may have which SPIFFE ID.
import type { Selector } from '../spiffe/selector.ts';
import type { SpiffeId } from '../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../spiffe/trust-domain.ts';

/** What an administrator states. All fields are validated by `parseEntryDraft`, which alone makes one. */
export interface EntryDraft {
  /** At most 255 of `A-Za-z0-9._-`; chosen by the server if absent. */
  readonly id?: string;
  readonly spiffeId: SpiffeId;
  /** Whose agent, or whose entry, serves it. */
  readonly parentId: SpiffeId;
  /** All must be attested. Not empty, sorted, without duplicates. */
  readonly selectors: readonly Selector[];
  /** 0 means the default of the server. */
  readonly x509SvidTtlSeconds: number;
  readonly jwtSvidTtlSeconds: number;
  readonly federatesWith: readonly TrustDomain[];
  readonly dnsNames: readonly string[];
  readonly admin: boolean;
  readonly downstream: boolean;
  readonly storeSvid: boolean;
  readonly hint: string;
  /** Unix seconds; 0 means never. */
  readonly expiresAt: number;
}

export interface Entry extends EntryDraft {
  readonly id: string;
  /** Rises with every update, from 0. */
  readonly revision: number;
  /** Unix seconds. */
  readonly createdAt: number;
}

// What the rest of Signet asks of the CA: certify this key for this identity.
import type { Changes, Committed, Origin } from '../audit/ledger.ts';
import type { ProfileName } from '../pki/profile.ts';
import type { SignetError } from '../runtime/errors.ts';
import type { SpiffeId } from '../spiffe/spiffe-id.ts';

/** A decision already made: who may have what. Issuance makes none, it only checks the request. */
export interface Order {
  /** PKCS #10 DER, from outside. */
  readonly csr: Uint8Array;
  /** The CSR's URI must be this one for workloads; agents' CSRs carry none. */
  readonly spiffeId: SpiffeId;
  readonly dnsNames: readonly string[];
  /** Which rules the certificate follows. */
  readonly profile: ProfileName;
  /** Wished for, 0 for the profile's default: cut to the profile's maximum, the issuer's end and `notAfter`. */
  readonly ttlSeconds: number;
  /** Unix seconds: the end of what this follows from, such as a registration entry. */
  readonly notAfter?: number;
  /** Registration entry `id:revision` this follows from; absent for agents and minted ones. */
  readonly entry?: string;
  /** Agent the workload runs on, or the agent itself. */
  readonly node?: SpiffeId;
  /** How that node proved itself. */
  readonly attestor?: string;
}

export interface Issued {
  readonly spiffeId: SpiffeId;
  /** DER, the leaf first, then the issuer; the root is left out. */
  readonly chain: readonly Uint8Array[];
  /** Lower-case hex. */
  readonly serial: string;
  /** Unix seconds. */
  readonly notBefore: number;
  /** Unix seconds. */
  readonly notAfter: number;
}

/** What came of one order of a batch. */
export type Outcome = { readonly issued: Issued } | { readonly error: SignetError };

export interface IssuanceService<C extends Changes> {
  /**
   * Issues a batch, each order on its own. Resolves once every certificate in it is durably logged.
   * Refused orders are logged as `x509.rejected`.
   *
   * @throws SignetError `issuance.overloaded` when the queue is full; `store.unavailable`
   */
  issue(orders: readonly Order[], origin: Origin): Promise<readonly Outcome[]>;

  /**
   * Issues one certificate and commits a change that depends on it, in one unit with its leaf: both
   * happen or neither.
   *
   * @param change makes the input from what was issued
   */
  issueWith<K extends keyof C & string>(
    order: Order,
    kind: K,
    change: (issued: Issued) => C[K]['input'],
    origin: Origin,
  ): Promise<{ issued: Issued; committed: Committed<C[K]['result']> }>;
}

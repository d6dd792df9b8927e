// The X.509 bundle of a trust domain: the roots that vouch for its SVIDs (SPIFFE-Trust-Domain-and-Bundle 4).
import type { TrustDomain } from './trust-domain.ts';

export interface X509Bundle {
  readonly trustDomain: TrustDomain;
  /** DER of each root certificate. Without any, nothing in the trust domain is trusted. */
  readonly authorities: readonly Uint8Array[];
  /** Rises with every change of content (`spiffe_sequence`). */
  readonly sequence: number;
  /** How often to look for a newer one (`spiffe_refresh_hint`). */
  readonly refreshHintSeconds: number;
}

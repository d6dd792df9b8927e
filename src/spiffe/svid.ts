// An X.509-SVID with its private key, as a workload or an agent holds it (X509-SVID 2).
import type { SpiffeId } from './spiffe-id.ts';

export interface X509Svid {
  readonly spiffeId: SpiffeId;
  /** DER, the leaf first, then the intermediates; never the root. */
  readonly chain: readonly Uint8Array[];
  /** PKCS #8 DER, unencrypted. Never logged, never sent but to its owner. */
  readonly privateKey: Uint8Array;
  /** Lower-case hex, of even length. */
  readonly serial: string;
  /** Unix seconds. */
  readonly notBefore: number;
  /** Unix seconds. */
  readonly notAfter: number;
}

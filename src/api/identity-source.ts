// The one thing SDS and the Workload API know of the rest: where a caller's identities come from. The
// agent answers it from its cache, the server from its own authorities.
import type { PeerProcess } from '../rpc/peer-process.ts';
import type { X509Bundle } from '../spiffe/bundle.ts';
import type { X509Svid } from '../spiffe/svid.ts';
import type { TrustDomain } from '../spiffe/trust-domain.ts';

/** Who asks, as the channel proves it; never what the caller says of itself. */
export interface Caller {
  readonly process: PeerProcess;
}

export interface Identity {
  /** The registration entry it follows from; identities are sorted by it. */
  readonly entryId: string;
  readonly hint: string;
  /** Same object for as long as it is the same SVID, so that what is encoded from it can be kept. */
  readonly svid: X509Svid;
}

/** All that a caller may have at one moment. */
export interface IdentityView {
  /** Sorted by entry id; the first is the default identity. May be empty. */
  readonly identities: readonly Identity[];
  readonly trustDomain: TrustDomain;
  /** Own and federated bundles; the same objects for as long as their content is the same. */
  readonly bundles: ReadonlyMap<TrustDomain, X509Bundle>;
  /**
   * Whether more may come without anybody changing anything: the agent has not heard from the server
   * yet, or an entry matches whose SVID is still being made.
   */
  readonly pending: boolean;
}

export interface IdentitySource {
  /**
   * Attests the caller, then yields what it may have now and after every change, the latest only:
   * a slow reader skips what was superseded. Ends when `signal` aborts.
   *
   * @throws SignetError `workload.attestation_failed` (unavailable), `workload.exited`
   */
  watch(caller: Caller, signal: AbortSignal): AsyncIterable<IdentityView>;
}

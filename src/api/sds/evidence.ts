// What came of the secrets that were sent, for the rotation gate and the audit. What nodes claim is
// marked as such; all text from outside has been made printable.
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import type { SignetError } from '../../runtime/errors.ts';
import type { Version } from './subscription.ts';

/** Whose sidecar it is. */
export interface Sidecar {
  readonly spiffeIds: readonly SpiffeId[];
  readonly pid: number;
  readonly uid: number;
  /** `node.id`, as the sidecar has it: anybody may claim anything. */
  readonly claimedNodeId: string;
}

export type SdsEvidence =
  /** It parsed the content. Never said of content that it refused before (envoy-sds 5a.2). */
  | {
      readonly kind: 'accepted';
      readonly sidecar: Sidecar;
      readonly name: string;
      readonly version: Version;
    }
  | {
      readonly kind: 'refused';
      readonly sidecar: Sidecar;
      readonly name: string;
      readonly version: Version;
      /** The cause may lie in another secret of the sidecar (envoy-sds 5a.1). */
      readonly error: string;
    }
  /** It asked for what it may not have. Said once of each process and name. */
  | { readonly kind: 'denied'; readonly sidecar: Sidecar; readonly name: string }
  /** A secret failed the checks and was kept back from everybody. Said once of each. */
  | { readonly kind: 'unfit'; readonly name: string; readonly error: SignetError };

/** Takes it in at once and without failing: a stream does not wait for its evidence. */
export type EvidenceSink = (evidence: SdsEvidence) => void;

// What a workload is told, from what it may have: whole states, never changes (Workload API 5.2).
import type { MessageInitShape } from '@bufbuild/protobuf';
import { X509BundlesResponseSchema, X509SVIDResponseSchema } from '../../gen/workload_pb.js';
import { type EncodedMessage, encodeMessage } from '../../rpc/encoded-message.ts';
import { SignetError } from '../../runtime/errors.ts';
import type { X509Bundle } from '../../spiffe/bundle.ts';
import { spiffeId } from '../../spiffe/spiffe-id.ts';
import type { Identity, IdentityView } from '../identity-source.ts';

type Bundles = MessageInitShape<typeof X509BundlesResponseSchema>['bundles'];

/**
 * All SVIDs, the default one first, each with the bundle of its trust domain, and the federated bundles.
 *
 * @throws SignetError `workload.no_bundle`
 */
export function x509Svids(view: IdentityView): EncodedMessage<typeof X509SVIDResponseSchema> {
  const own = ownBundle(view);
  const bundle = concatenated(own.authorities);
  const federated = [...view.bundles.values()].filter((other) => other !== own);
  return encodeMessage(X509SVIDResponseSchema, {
    svids: withDistinctHints(view.identities).map(({ svid, hint }) => ({
      spiffeId: svid.spiffeId,
      x509Svid: concatenated(svid.chain),
      x509SvidKey: svid.privateKey,
      bundle,
      hint,
    })),
    federatedBundles: byTrustDomain(federated),
  });
}

/**
 * All bundles, the own one among them.
 *
 * @throws SignetError `workload.no_bundle`
 */
export function x509Bundles(view: IdentityView): EncodedMessage<typeof X509BundlesResponseSchema> {
  ownBundle(view);
  return encodeMessage(X509BundlesResponseSchema, {
    bundles: byTrustDomain([...view.bundles.values()]),
  });
}

function ownBundle({ bundles, trustDomain }: IdentityView): X509Bundle {
  const bundle = bundles.get(trustDomain);
  if (bundle === undefined || bundle.authorities.length === 0)
    throw new SignetError('workload.no_bundle');
  return bundle;
}

/** A hint picks one SVID, so that of several with the same one only the first entry's is told, as SPIRE does. */
function withDistinctHints(identities: readonly Identity[]): readonly Identity[] {
  const seen = new Set<string>();
  return identities
    .toSorted((a, b) => (a.entryId < b.entryId ? -1 : a.entryId > b.entryId ? 1 : 0))
    .filter(({ hint }) => {
      if (hint === '') return true;
      const isFirst = !seen.has(hint);
      seen.add(hint);
      return isFirst;
    });
}

/** Keyed by trust domain ID and sorted, so that the same bundles are the same bytes. */
function byTrustDomain(bundles: readonly X509Bundle[]): NonNullable<Bundles> {
  const sorted = bundles.toSorted((a, b) => (a.trustDomain < b.trustDomain ? -1 : 1));
  return Object.fromEntries(
    sorted.map(({ trustDomain, authorities }) => [
      spiffeId(trustDomain),
      concatenated(authorities),
    ]),
  );
}

function concatenated(certificates: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(certificates);
}

// The bundle of the trust domain as SPIRE's messages carry it (spire-api A9, D4).
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { BundleMask, BundleSchema } from '../../gen/spire/api/types/bundle_pb.js';
import type { X509Bundle } from '../../spiffe/bundle.ts';
import { masked } from './masks.ts';

/**
 * spire.api.types.Bundle. The trust domain is there whatever the mask says.
 *
 * @param mask all fields without one
 */
export function bundleToProto(
  bundle: X509Bundle,
  mask?: BundleMask,
): MessageInitShape<typeof BundleSchema> {
  const fields = {
    x509Authorities: bundle.authorities.map((asn1) => ({ asn1 })),
    refreshHint: BigInt(bundle.refreshHintSeconds),
    sequenceNumber: BigInt(bundle.sequence),
  };
  return { trustDomain: bundle.trustDomain, ...masked(fields, mask) };
}

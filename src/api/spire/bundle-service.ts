// spire.api.server.bundle.v1.Bundle: the trust domain's own bundle. There is no federation yet.
import { Bundle } from '../../gen/spire/api/server/bundle/v1/bundle_pb.js';
import { type ServiceImplementation, unimplemented } from '../../rpc/service.ts';
import { RpcStatus } from '../../rpc/status.ts';
import { bundleToProto } from './convert-bundle.ts';
import { malformed } from './failures.ts';
import type { SpireDeps } from './spire-deps.ts';

/** Open to anyone: an agent fetches the bundle before it can prove who it is (spire-api A2, A9). */
export function bundleService({
  bundle,
}: Pick<SpireDeps, 'bundle'>): ServiceImplementation<typeof Bundle> {
  return {
    ...unimplemented(Bundle),
    getBundle: async ({ outputMask }) => bundleToProto(bundle(), outputMask),
    // any other answer would fail the whole sync of an agent whose entry federates (spire-api A3)
    async getFederatedBundle({ trustDomain }) {
      if (trustDomain === bundle().trustDomain) {
        throw malformed('getting a federated bundle for the own trust domain is not allowed');
      }
      throw new RpcStatus('api.bundle_not_found', { wording: { text: 'bundle not found' } });
    },
  };
}

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { bindSpireServices } from '../../../src/api/spire/services.ts';
import { Bundle } from '../../../src/gen/spire/api/server/bundle/v1/bundle_pb.js';
import { RpcFailure } from '../../../src/rpc/status.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { type SpireServer, spireServer } from '../../support/spire-server.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let server: SpireServer;
beforeEach(async () => {
  server = await spireServer((grpc, deps) => bindSpireServices(grpc, deps, 'local'));
});
afterEach(() => server[Symbol.asyncDispose]());

it('gives the bundle to peers that have yet to prove who they are', async () => {
  const now = server.deps.bundle();
  const bundle = await server.remote(Bundle).getBundle({});
  expect(bundle.trustDomain).toBe('prod.example');
  expect(bundle.x509Authorities.map(({ asn1 }) => Buffer.from(asn1))).toEqual(
    now.authorities.map((der) => Buffer.from(der)),
  );
  expect(bundle.x509Authorities.length).toBeGreaterThan(0);
  expect(bundle.sequenceNumber).toBe(BigInt(now.sequence));
  expect(bundle.refreshHint).toBe(BigInt(now.refreshHintSeconds));
});

it('gives the parts that the mask names', async () => {
  const bundle = await server.local(Bundle).getBundle({ outputMask: { sequenceNumber: true } });
  expect(bundle).toMatchObject({ trustDomain: 'prod.example', x509Authorities: [] });
});

it('has no bundles of others to offer', async () => {
  const error = await rejectionOf(server.local(Bundle).listFederatedBundles({}));
  expect(error instanceof RpcFailure && error.remoteReason).toBe('rpc.not_implemented');
});

it('says of a bundle of others that there is none, which agents take in their stride', async () => {
  const remote = server.local(Bundle);
  const error = await rejectionOf(remote.getFederatedBundle({ trustDomain: 'other.example' }));
  expect(error).toMatchObject({ status: 5, text: 'bundle not found' });
  const own = await rejectionOf(remote.getFederatedBundle({ trustDomain: 'prod.example' }));
  expect(own).toMatchObject({ status: 3 });
});

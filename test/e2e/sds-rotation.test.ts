import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/runtime/clock.ts';
import type { Envoy } from '../../src/cli/demo/envoy.ts';
import { requireEnvoy } from '../support/envoy.ts';
import { testBundle, testSvid } from '../support/identity-source.ts';
import { testCa } from '../support/test-ca.ts';
import { idOf, Mesh, serialsOf } from './sds-mesh.ts';
import { startTraffic } from './sds-traffic.ts';

const sum = (counts: ReadonlyMap<string, number>) =>
  [...counts.values()].reduce((total, count) => total + count, 0);

async function expectNothingRejected(...envoys: readonly Envoy[]): Promise<void> {
  for (const envoy of envoys) {
    const rejected = await envoy.stats('^sds.*update_rejected$');
    expect(rejected.size).toBe(2);
    expect(sum(rejected)).toBe(0);
  }
}

describe.skipIf(!requireEnvoy()).each([
  { variant: 'GRPC', plainValidator: false },
  { variant: 'GRPC', plainValidator: true },
  { variant: 'DELTA_GRPC', plainValidator: false },
  { variant: 'DELTA_GRPC', plainValidator: true },
] as const)('under requests, $variant, plain validator: $plainValidator', (options) => {
  it('certificates are replaced at both ends and no request fails', async () => {
    await using mesh = await Mesh.create(options);
    await mesh.serve();
    const { server, client } = await mesh.pair();
    const traffic = startTraffic(client.port('outbound'));
    await traffic.answered(20);
    for (let round = 0; round < 5; round += 1) {
      for (const [name, envoy] of Object.entries({ server, client })) {
        await mesh.accepted(envoy, () => mesh.give(envoy, name));
        await traffic.answered(10);
      }
    }
    const last = mesh.give(client, 'client');
    await client.until(async () =>
      (await serialsOf(client)).includes(last.serial.replace(/^0+/, '')),
    );
    await traffic.answered(10);
    await traffic.stop();
    expect([...traffic.counts.keys()]).toEqual([200]);
    await expectNothingRejected(server, client);
  });

  it('the root is replaced and no request fails', async () => {
    await using mesh = await Mesh.create(options);
    await mesh.serve();
    const { server, client } = await mesh.pair();
    const traffic = startTraffic(client.port('outbound'));
    const next = await testCa({ clock: systemClock });
    const trust = async (...cas: [typeof next, ...(typeof next)[]]) => {
      const bundle = testBundle(...cas);
      await mesh.accepted(server, () => mesh.accepted(client, () => mesh.trust(bundle)));
      await client.until(async () => (await rootsOf(client)) === cas.length);
      await server.until(async () => (await rootsOf(server)) === cas.length);
      await traffic.answered(20);
    };
    await trust(mesh.ca, next);
    for (const [name, envoy] of Object.entries({ server, client })) {
      const svid = testSvid(next, { spiffeId: idOf(name) });
      await mesh.accepted(envoy, () => mesh.give(envoy, name, svid));
      await traffic.answered(20);
    }
    await trust(next);
    await traffic.stop();
    expect([...traffic.counts.keys()]).toEqual([200]);
    await expectNothingRejected(server, client);
  });
});

async function rootsOf(envoy: Envoy): Promise<number> {
  const [context] = (await envoy.certs()).filter(({ cert_chain: chain }) => chain.length > 0);
  return context?.ca_cert.length ?? 0;
}

import { describe, expect, it } from 'vitest';
import { type SecretLint } from '../../src/api/sds/secret-catalog.ts';
import type { Envoy } from '../../src/cli/demo/envoy.ts';
import { requireEnvoy, statusOf } from '../support/envoy.ts';
import { testSvid } from '../support/identity-source.ts';
import { idOf, Mesh, serialsOf } from './sds-mesh.ts';

const lenient: SecretLint = {
  svid: () => undefined,
  expiry: () => undefined,
  bundle: () => undefined,
};

/** An SVID whose private key is another's. */
function mismatched(mesh: Mesh) {
  const [svid, other] = [0, 1].map(() => testSvid(mesh.ca, { spiffeId: idOf('client') }));
  if (svid === undefined || other === undefined) throw new Error('unreachable');
  return { ...svid, privateKey: other.privateKey };
}

const counter = async (envoy: Envoy, name: string) =>
  (await envoy.stats(`^sds.default.${name}$`)).get(`sds.default.${name}`);

describe.skipIf(!requireEnvoy()).each([{ variant: 'GRPC' }, { variant: 'DELTA_GRPC' }] as const)(
  'a secret that does not work, $variant',
  ({ variant }) => {
    it('is refused once, never sent again, and does no harm', async () => {
      await using mesh = await Mesh.create({ variant, lint: lenient });
      await mesh.serve();
      const { client } = await mesh.pair();
      const serials = await serialsOf(client);
      const refusals = () => mesh.evidenceOf(client).filter(({ kind }) => kind === 'refused');

      const bad = mismatched(mesh);
      mesh.give(client, 'client', bad);
      await client.until(() => refusals().length > 0);
      expect(refusals()).toMatchObject([
        { name: 'default', sidecar: { claimedNodeId: 'client', spiffeIds: [idOf('client')] } },
      ]);
      expect(await counter(client, 'update_rejected')).toBe(1);
      expect(await serialsOf(client)).toEqual(serials);
      expect(await statusOf(client.port('outbound'))).toBe(200);

      const [successes, told] = [await counter(client, 'update_success'), mesh.evidence.length];
      await mesh.stopServing();
      await mesh.serve({ again: true });
      await client.until(() => mesh.source.watches >= 8); // all four streams are back
      expect(await statusOf(client.port('outbound'))).toBe(200);

      const good = mesh.give(client, 'client');
      await client.until(async () =>
        (await serialsOf(client)).includes(good.serial.replace(/^0+/, '')),
      );
      expect(await counter(client, 'update_success')).toBe((successes ?? 0) + 1);
      expect(await counter(client, 'update_rejected')).toBe(1);
      expect(mesh.evidence.slice(told).filter(({ kind }) => kind === 'refused')).toEqual([]);
    });

    it('does not get as far as a sidecar when it is checked before', async () => {
      await using mesh = await Mesh.create({ variant });
      await mesh.serve();
      const { client } = await mesh.pair();
      const attempts = await counter(client, 'update_success');
      mesh.give(client, 'client', mismatched(mesh));
      await client.until(() => mesh.evidence.some(({ kind }) => kind === 'unfit'));
      const good = mesh.give(client, 'client');
      await client.until(async () =>
        (await serialsOf(client)).includes(good.serial.replace(/^0+/, '')),
      );
      expect(await counter(client, 'update_success')).toBe((attempts ?? 0) + 1);
      expect(await counter(client, 'update_rejected')).toBe(0);
      expect(mesh.evidence.filter(({ kind }) => kind === 'unfit')).toMatchObject([
        { name: 'default', error: { reason: 'secret.key' } },
      ]);
    });
  },
);

import { describe, expect, it } from 'vitest';
import { requireEnvoy, statusOf } from '../support/envoy.ts';
import { idOf, Mesh, serialsOf } from './sds-mesh.ts';
import { startTraffic } from './sds-traffic.ts';

describe.skipIf(!requireEnvoy()).each([{ variant: 'GRPC' }, { variant: 'DELTA_GRPC' }] as const)(
  'real Envoys and a server that comes and goes, $variant',
  ({ variant }) => {
    it('get ready when the server is there later than they are', async () => {
      await using mesh = await Mesh.create({ variant });
      const envoy = await mesh.start('early', { inbound: { clients: [idOf('client')] } });
      mesh.give(envoy, 'early');
      expect(await envoy.isReady()).toBe(false);
      await mesh.serve();
      await envoy.ready();
    });

    it('lose no request while it is away, and hear of what changed when it is back', async () => {
      await using mesh = await Mesh.create({ variant });
      await mesh.serve();
      const { client, server } = await mesh.pair();
      const traffic = startTraffic(client.port('outbound'));
      await traffic.answered(20);
      await mesh.stopServing();
      await traffic.answered(50);
      const renewed = mesh.give(server, 'server');
      await mesh.serve();
      await server.until(async () =>
        (await serialsOf(server)).includes(renewed.serial.replace(/^0+/, '')),
      );
      await traffic.answered(20);
      await traffic.stop();
      expect([...traffic.counts.keys()]).toEqual([200]);
    });
  },
);

describe.skipIf(!requireEnvoy()).each([{ variant: 'GRPC' }, { variant: 'DELTA_GRPC' }] as const)(
  'a real Envoy that asks too early, $variant',
  ({ variant }) => {
    it('is kept waiting in silence for an identity that may still come', async () => {
      await using mesh = await Mesh.create({ variant });
      await mesh.serve();
      const envoy = await mesh.start('undecided', { inbound: { clients: [idOf('client')] } });
      await envoy.until(() => mesh.source.watches === 2);
      expect(await envoy.isReady()).toBe(false);
      mesh.give(envoy, 'undecided');
      await envoy.ready();
      expect(await statusOf(envoy.port('inbound'))).toBe(0); // no plain HTTP
    });

    it('is denied what is not its own, told of once, and served after its registration', async () => {
      await using mesh = await Mesh.create({ variant });
      await mesh.serve();
      const envoy = await mesh.start('nosy', {
        certificate: idOf('registered-later'),
        inbound: { clients: [idOf('client')] },
      });
      mesh.give(envoy, 'nosy');
      await envoy.until(() => mesh.source.watches >= 5); // it comes back again and again
      expect(mesh.evidence.filter(({ kind }) => kind === 'denied')).toMatchObject([
        { name: idOf('registered-later'), sidecar: { claimedNodeId: 'nosy' } },
      ]);
      mesh.give(envoy, 'registered-later');
      await envoy.ready();
    });
  },
);

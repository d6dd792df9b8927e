import { describe, expect, it } from 'vitest';
import { requireEnvoy, statusOf } from '../support/envoy.ts';
import { idOf, Mesh } from './sds-mesh.ts';

describe.skipIf(!requireEnvoy()).each([
  { variant: 'GRPC', plainValidator: false },
  { variant: 'GRPC', plainValidator: true },
  { variant: 'DELTA_GRPC', plainValidator: false },
  { variant: 'DELTA_GRPC', plainValidator: true },
] as const)('two real Envoys, $variant, plain validator: $plainValidator', (options) => {
  it('prove their identities to each other', async () => {
    await using mesh = await Mesh.create(options);
    await mesh.serve();
    const { client } = await mesh.pair();
    expect(await statusOf(client.port('outbound'))).toBe(200);
    expect(await client.stats('ssl.handshake')).toEqual(
      new Map([['cluster.peer.ssl.handshake', 1]]),
    );
  });

  it('refuse a third whose identity is real but not on the list', async () => {
    await using mesh = await Mesh.create(options);
    await mesh.serve();
    const { server, outbound } = await mesh.pair();
    const stranger = await mesh.start('stranger', { outbound });
    mesh.give(stranger, 'stranger');
    await stranger.ready();
    expect(await statusOf(stranger.port('outbound'))).toBe(503);
    const failed = await server.stats('inbound.*fail_verify_san|listener.*fail_verify_san');
    expect([...failed.values()].reduce((sum, count) => sum + count, 0)).toBe(1);
  });

  it('refuse a server that is not who the client wants', async () => {
    await using mesh = await Mesh.create(options);
    await mesh.serve();
    const { server, client } = await mesh.pair();
    mesh.give(server, 'impostor');
    await client.until(async () => (await statusOf(client.port('outbound'))) === 503);
    expect(
      (await client.stats('ssl.fail_verify_san')).get('cluster.peer.ssl.fail_verify_san'),
    ).toBe(1);
    expect(idOf('impostor')).not.toBe(idOf('server'));
  });
});

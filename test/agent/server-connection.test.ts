import { describe, expect, test } from 'vitest';
import { attestNode } from '../../src/agent/attestation.ts';
import { fetchBundle } from '../../src/agent/server-bundle.ts';
import { ServerConnection } from '../../src/agent/server-connection.ts';
import { FakeServer } from '../support/fake-server.ts';
import { rejectionOf } from '../support/rejection-of.ts';
import { until } from './rig.ts';

const never = new AbortController().signal;

async function connected(server: FakeServer) {
  server.tokens.add('t');
  const { address: serverAddress, bundle, clock } = server;
  let identity = await attestNode({ serverAddress, bundle, joinToken: 't', clock }, never);
  const connection = new ServerConnection({
    address: server.address,
    bundle: () => identity.bundle,
    identity: () => identity.svid,
    clock,
  });
  const call = () =>
    connection.call((clients) => fetchBundle(clients, identity.bundle.trustDomain, never));
  const change = (changes: Partial<typeof identity>) => {
    identity = { ...identity, ...changes };
    connection.replace();
  };
  return { connection, call, change, [Symbol.dispose]: () => connection.close() };
}

describe('the connection to the server', () => {
  test('carries calls on while it is replaced, and those after go over the new one', async () => {
    await using server = await FakeServer.start();
    using rig = await connected(server);
    const gate = Promise.withResolvers<void>();
    server.intercept = () => gate.promise;
    const before = server.calls.length;
    const under = rig.call();
    await until(() => server.calls.length > before);
    rig.change({});
    const after = rig.call();
    gate.resolve();
    const [one, two] = await Promise.all([under, after]);
    expect([one.bundle.sequence, two.bundle.sequence]).toEqual([1, 1]);
  });

  test('carries on calls, too, that wait for it to be made', async () => {
    await using server = await FakeServer.start();
    using rig = await connected(server);
    const waiting = [rig.call(), rig.call()];
    rig.change({});
    for (const { bundle } of await Promise.all(waiting)) expect(bundle.sequence).toBe(1);
  });

  test('is made anew, with no call lost, when the server has gone and come back between', async () => {
    await using server = await FakeServer.start();
    using rig = await connected(server);
    await rig.call();
    await server.close();
    await server.open();
    expect((await rig.call()).bundle.sequence).toBe(1);
  });

  test('fails at once while the server is away, and works at once when it is back', async () => {
    await using server = await FakeServer.start();
    using rig = await connected(server);
    await server.close();
    for (let attempt = 0; attempt < 5; attempt += 1) {
      expect(await rejectionOf(rig.call())).toMatchObject({ reason: 'rpc.unavailable' });
    }
    await server.open();
    expect((await rig.call()).bundle.sequence).toBe(1);
  });

  test('is not made to a server whose root is no longer in the bundle', async () => {
    await using server = await FakeServer.start();
    await using other = await FakeServer.start();
    using rig = await connected(server);
    rig.change({ bundle: other.bundle });
    expect(await rejectionOf(rig.call())).toMatchObject({ reason: 'node.server_untrusted' });
    rig.change({ bundle: server.bundle });
    expect((await rig.call()).bundle.sequence).toBe(1);
  });

  test('tells when it was the server that did not accept us', async () => {
    await using server = await FakeServer.start();
    await using other = await FakeServer.start();
    using rig = await connected(server);
    const { address: serverAddress, bundle, clock } = other;
    other.tokens.add('t');
    const stranger = await attestNode({ serverAddress, bundle, joinToken: 't', clock }, never);
    rig.change({ svid: stranger.svid });
    expect(await rejectionOf(rig.call())).toMatchObject({ reason: 'node.not_accepted' });
  });

  test('makes no call once it is closed', async () => {
    await using server = await FakeServer.start();
    const rig = await connected(server);
    rig.connection.close();
    expect(await rejectionOf(rig.call())).toMatchObject({ reason: 'node.stopped' });
  });

  test('what the server answers reaches the caller once, and is not asked for again', async () => {
    await using server = await FakeServer.start();
    using rig = await connected(server);
    await rig.call();
    server.calls.length = 0;
    server.intercept = () => {
      throw new Error('no');
    };
    expect(await rejectionOf(rig.call())).toMatchObject({ code: 'internal' });
    expect(server.calls).toEqual(['GetBundle']);
  });
});

test('attestation keeps its identity when the bundle of the day cannot be had', async () => {
  await using server = await FakeServer.start();
  server.tokens.add('t');
  server.intercept = (name) => {
    if (name === 'GetBundle') throw new Error('not now');
  };
  const { address: serverAddress, bundle, clock } = server;
  const identity = await attestNode({ serverAddress, bundle, joinToken: 't', clock }, never);
  expect(identity.svid.spiffeId).toBe('spiffe://prod.example/spire/agent/join_token/t');
  expect(identity.bundle).toEqual(bundle);
});

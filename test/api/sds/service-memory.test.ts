import { describe, expect, it } from 'vitest';
import { testView } from '../../support/identity-source.ts';
import { bundle, remoteReason, serve, settle, someView, variants, watched } from './service-rig.ts';
import { openDeltaNode, openSotwNode } from './wire-node.ts';

describe.each(variants)('refused content, $variant', ({ open }) => {
  const refuse = async (rig: Awaited<ReturnType<typeof serve>>) => {
    rig.view.set(someView());
    const node = open(rig.client);
    node.ask({ names: ['default'], id: 'web' });
    const told = await node.next();
    node.ask({ nonce: told?.nonce ?? '', error: 'Failed to load\nprivate key' });
    await settle();
    await node.close();
    return told?.version ?? '';
  };

  it('is not sent again to a sidecar that comes back holding something', async () => {
    await using rig = await serve();
    const version = await refuse(rig);
    expect(rig.evidence).toMatchObject([
      { kind: 'refused', name: 'default', version, error: 'Failed to load\u{FFFD}private key' },
    ]);
    const back = open(rig.client);
    back.ask({ names: ['default'], id: 'web', held: { default: 'an older version' } });
    await watched(rig, 2);
    rig.view.set(someView());
    const told = await back.next();
    expect(told?.version).not.toBe(version);
  });

  it('is sent once to one that holds nothing, and its word for it is not taken', async () => {
    await using rig = await serve();
    const version = await refuse(rig);
    const fresh = open(rig.client);
    fresh.ask({ names: ['default'], id: 'web' });
    const told = await fresh.next();
    expect(told?.version).toBe(version);
    fresh.ask({ nonce: told?.nonce ?? '' });
    await settle();
    expect(rig.evidence.map(({ kind }) => kind)).toEqual(['refused']);
  });

  it('is of no concern to another sidecar', async () => {
    await using rig = await serve();
    const version = await refuse(rig);
    const other = open(rig.client);
    other.ask({ names: ['default'], id: 'db', held: { default: 'an older version' } });
    expect((await other.next())?.version).toBe(version);
  });
});

describe('a name that is awaited', () => {
  it('is told to be missing after some seconds where that can be told', async () => {
    await using rig = await serve();
    rig.view.set(someView({ pending: true }));
    const node = openDeltaNode(rig.client);
    node.ask({ names: ['spiffe://prod.example/later', 'default'] });
    expect((await node.next())?.name).toBe('default');
    rig.clock.advance(4999);
    await settle();
    rig.clock.advance(1);
    const told = await node.next();
    expect(told).toMatchObject({ name: 'spiffe://prod.example/later', version: undefined });
  });
});

describe('a name that is lost', () => {
  it('ends a state-of-the-world stream, which has no way to tell', async () => {
    await using rig = await serve();
    rig.view.set(someView());
    const node = openSotwNode(rig.client);
    node.ask({ names: ['default'] });
    await node.next();
    rig.view.set(testView([], [bundle]));
    expect(await remoteReason(node.next())).toBe('sds.no_identity');
  });

  it('is told on a delta stream, which stays', async () => {
    await using rig = await serve();
    rig.view.set(someView());
    const node = openDeltaNode(rig.client);
    node.ask({ names: ['default'] });
    node.ask({ nonce: (await node.next())?.nonce ?? '' });
    await settle();
    rig.view.set(testView([], [bundle]));
    expect(await node.next()).toMatchObject({ name: 'default', version: undefined });
    node.ask({ nonce: '2' });
    rig.view.set(someView());
    expect((await node.next())?.version).toBeDefined();
  });
});

describe('FetchSecrets', () => {
  it('answers with all that was asked for, each once', async () => {
    await using rig = await serve();
    rig.view.set(someView());
    const response = await rig.client.fetchSecrets({
      resourceNames: ['default', 'ROOTCA', 'default'],
    });
    expect(response.resources).toHaveLength(2);
    expect(response.versionInfo).toMatch(/^[0-9a-f]{64}$/);
  });

  it('waits a while for a caller that is not known yet', async () => {
    await using rig = await serve();
    const response = rig.client.fetchSecrets({ resourceNames: ['default'] });
    await watched(rig);
    rig.view.set(someView());
    expect((await response).resources).toHaveLength(1);

    rig.view.set(testView([], [], { pending: true }));
    const denied = remoteReason(rig.client.fetchSecrets({ resourceNames: ['default'] }));
    await watched(rig, 2);
    rig.clock.advance(5000);
    expect(await denied).toBe('sds.no_identity');
  });

  it('denies what a stream denies', async () => {
    await using rig = await serve();
    rig.view.set(someView());
    const names = ['default', 'spiffe://prod.example/x'];
    expect(await remoteReason(rig.client.fetchSecrets({ resourceNames: names }))).toBe(
      'sds.denied',
    );
    const other = rig.client.fetchSecrets({ typeUrl: 'x' });
    expect(await remoteReason(other)).toBe('sds.type_url');
  });
});

import { describe, expect, it } from 'vitest';
import { testSvid, testView } from '../../support/identity-source.ts';
import {
  bundle,
  ca,
  remoteReason,
  serve,
  settle,
  someView,
  variants,
  watched,
} from './service-rig.ts';

const bad = (view = someView()) => ({
  ...view,
  identities: view.identities.map((identity) => ({
    ...identity,
    svid: { ...identity.svid, privateKey: testSvid(ca).privateKey },
  })),
});

describe.each(variants)('a stream of secrets, $variant', ({ open }) => {
  it('answers each name, and pushes what changed', async () => {
    await using rig = await serve();
    rig.view.set(someView());
    const node = open(rig.client);
    node.ask({ names: ['default', 'ROOTCA'], id: 'web' });
    const first = await node.next();
    const second = await node.next();
    expect([first?.name, second?.name]).toEqual(['default', 'ROOTCA']);
    node.ask({ nonce: first?.nonce ?? '' });
    node.ask({ nonce: second?.nonce ?? '' });
    await settle();
    rig.view.set(someView());
    const third = await node.next();
    expect(third?.name).toBe('default');
    expect(third?.version).not.toBe(first?.version);
    expect(rig.evidence).toMatchObject([
      { kind: 'accepted', name: 'default', version: first?.version },
      { kind: 'accepted', name: 'ROOTCA', version: second?.version },
    ]);
    expect(rig.evidence[0]).toMatchObject({
      sidecar: { pid: process.pid, claimedNodeId: 'web', spiffeIds: ['spiffe://prod.example/w'] },
    });
  });

  it('is silent about no names, and about what may still come', async () => {
    await using rig = await serve();
    const node = open(rig.client);
    node.ask({ names: [] });
    node.ask({ names: ['default'] });
    await watched(rig);
    rig.view.set(someView());
    expect((await node.next())?.name).toBe('default');
  });

  it('sends a slow sidecar the latest only', async () => {
    await using rig = await serve();
    rig.view.set(someView());
    const node = open(rig.client);
    node.ask({ names: ['default'] });
    const first = await node.next();
    const views = [someView(), someView(), someView()];
    for (const view of views) {
      rig.view.set(view);
      await settle(); // it has not answered, so nothing is sent
    }
    node.ask({ nonce: first?.nonce ?? '' });
    const second = await node.next();
    node.ask({ nonce: second?.nonce ?? '' });
    node.ask({ names: ['default', 'ROOTCA'], nonce: second?.nonce ?? '' });
    expect((await node.next())?.name).toBe('ROOTCA');
    expect(second?.nonce).toBe('2');
  });

  it.each([
    { why: 'another type', ask: { typeUrl: 'type.googleapis.com/x' }, reason: 'sds.type_url' },
    {
      why: 'a name that is too long',
      ask: { names: ['x'.repeat(2049)] },
      reason: 'sds.name_too_long',
    },
    {
      why: 'too many names',
      ask: { names: Array.from({ length: 1001 }, (_, index) => String(index)) },
      reason: 'sds.too_many_names',
    },
    {
      why: 'what is not the caller',
      ask: { names: ['spiffe://prod.example/x'] },
      reason: 'sds.denied',
    },
  ])('ends for $why, also later on', async ({ ask, reason }) => {
    await using rig = await serve();
    rig.view.set(someView());
    const at = open(rig.client);
    at.ask(ask);
    expect(await remoteReason(at.next())).toBe(reason);
    const later = open(rig.client);
    later.ask({ names: ['default'] });
    await later.next();
    later.ask({ nonce: '1', ...ask });
    expect(await remoteReason(later.next())).toBe(reason);
  });

  it('tells a denial once, however often the sidecar comes back', async () => {
    await using rig = await serve();
    rig.view.set(someView());
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const node = open(rig.client);
      node.ask({ names: ['spiffe://prod.example/x'], id: 'nosy\n' });
      expect(await remoteReason(node.next())).toBe('sds.denied');
    }
    expect(rig.evidence).toMatchObject([
      {
        kind: 'denied',
        name: 'spiffe://prod.example/x',
        sidecar: { claimedNodeId: 'nosy\u{FFFD}' },
      },
    ]);
  });

  it('denies who has no identity, as soon as that is known', async () => {
    await using rig = await serve();
    const node = open(rig.client);
    node.ask({ names: ['ROOTCA'] });
    await watched(rig);
    rig.view.set(testView([], [bundle]));
    expect(await remoteReason(node.next())).toBe('sds.no_identity');
  });

  it('keeps back what would not work, and leaves the sidecar what it has', async () => {
    await using rig = await serve();
    rig.view.set(bad());
    const node = open(rig.client);
    node.ask({ names: ['default', 'ROOTCA'] });
    expect((await node.next())?.name).toBe('ROOTCA');
    rig.view.set(someView());
    expect((await node.next())?.name).toBe('default');
    expect(rig.evidence).toMatchObject([
      { kind: 'unfit', name: 'default', error: { reason: 'secret.key' } },
    ]);
  });

  it('ends when the sidecar closes its side, or when it is one too many', async () => {
    await using rig = await serve({ maxStreamsPerProcess: 1 });
    rig.view.set(someView());
    const first = open(rig.client);
    first.ask({ names: ['default'] });
    await first.next();
    expect(await remoteReason(open(rig.client).next())).toBe('caller.too_many_streams');
    first.end();
    expect(await first.next()).toBeUndefined();
    const again = open(rig.client);
    again.ask({ names: ['default'] });
    expect((await again.next())?.name).toBe('default');
  });
});

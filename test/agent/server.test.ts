import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FakeServer } from '../support/fake-server.ts';
import { rejectionOf } from '../support/rejection-of.ts';
import { idsOf, type Rig, startRig, until } from './rig.ts';

const web = { id: 'e-web', spiffeId: 'spiffe://prod.example/web', selectors: ['unix:uid:1000'] };
const withWeb = { prepare: (server: FakeServer) => server.put(web) };

const file = (rig: Rig) => join(rig.dataDir, 'agent', 'identity.json');
const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );
const count = (rig: Rig, name: string) => rig.server.calls.filter((call) => call === name).length;

/** Lets time pass in steps, as long as it takes. */
async function passUntil(rig: Rig, stepMs: number, isSo: () => boolean): Promise<void> {
  while (!isSo()) await rig.pass(stepMs);
}

describe('server', () => {
  test('while it is away the agent serves on, and catches up when it is back', async () => {
    await using rig = await startRig(withWeb);
    const watch = rig.watch('unix:uid:1000');
    await until(() => watch.views.length === 1);
    await rig.server.close();
    for (let minute = 0; minute < 5; minute += 1) await rig.pass(60_000);
    expect(rig.agent.status().syncFailure).toBe('rpc.unavailable');
    expect(idsOf(await rig.view('unix:uid:1000'))).toEqual([web.spiffeId]);
    rig.server.put({ ...web, id: 'e-new', spiffeId: 'spiffe://prod.example/new' });
    await rig.server.open();
    await rig.pass(30_000);
    await until(() => idsOf(watch.views.at(-1)).length === 2);
    expect(rig.agent.status().syncFailure).toBeUndefined();
  });

  test('a connection that ages away costs no call', async () => {
    const limits = { connectionAgeMs: 20, connectionGraceMs: 20 };
    await using rig = await startRig({ ...withWeb, server: { limits } });
    for (let sync = 0; sync < 8; sync += 1) {
      await rig.pass(6000);
      expect(rig.agent.status().syncFailure).toBeUndefined();
    }
  });

  test('a new root is taken up, reported, stored and shown', async () => {
    await using rig = await startRig(withWeb);
    const other = await FakeServer.start();
    await other.close();
    const watch = rig.watch('unix:uid:1000');
    await until(() => watch.views.length === 1);
    rig.server.otherRoots.push(other.ca.root.der);
    rig.server.bundleSequence = 2n;
    await rig.pass(6000);
    await until(() => watch.views.length === 2);
    const { trustDomain } = rig.server.ca;
    expect(watch.views[1]?.bundles.get(trustDomain)?.authorities).toHaveLength(2);
    expect(watch.views[1]?.identities).toEqual(watch.views[0]?.identities);
    await until(() => rig.server.statuses.length === 2);
    await rig.pass(6000);
    await rig.pass(6000);
    expect(rig.server.statuses).toEqual([1n, 2n]);
    expect(await readFile(file(rig), 'utf8')).toContain('\\"spiffe_sequence\\":2');
  });

  test('one that takes no status is as good as any', async () => {
    await using rig = await startRig({
      prepare(server) {
        server.put(web);
        server.intercept = (name) => {
          if (name === 'PostStatus') throw new Error('not here');
        };
      },
    });
    await rig.pass(6000);
    expect(rig.agent.status().syncFailure).toBeUndefined();
    expect(idsOf(await rig.view('unix:uid:1000'))).toEqual([web.spiffeId]);
  });

  test('a bundle that cannot be stored is used all the same, and stored when it can be', async () => {
    await using rig = await startRig(withWeb);
    const folder = join(rig.dataDir, 'agent');
    await rm(folder, { recursive: true });
    await writeFile(folder, 'in the way');
    rig.server.bundleSequence = 2n;
    await rig.pass(6000);
    await until(() => rig.agent.status().bundleSequence === 2);
    expect(rig.agent.status().syncFailure).toBeUndefined();
    await rm(folder);
    await rig.pass(10_000);
    await rig.pass(10_000);
    expect(await readFile(file(rig), 'utf8')).toContain('\\"spiffe_sequence\\":2');
  });

  test('SVIDs under a tainted root are replaced, that of the agent too', async () => {
    await using rig = await startRig(withWeb);
    const before = await rig.view('unix:uid:1000');
    rig.server.isTainted = true;
    await rig.pass(6000);
    await until(() => rig.server.batches.length >= 2);
    await rig.pass(10_000);
    await until(() => count(rig, 'RenewAgent') >= 1);
    const after = await rig.view('unix:uid:1000');
    expect(after.identities[0]?.svid.serial).not.toBe(before.identities[0]?.svid.serial);
  });
});

describe('ban and evict', () => {
  const nodeOf = (rig: Rig) => rig.server.nodes.get(rig.agent.spiffeId);

  test('a banned agent gives up its identity and ends its streams', async () => {
    await using rig = await startRig(withWeb);
    const watch = rig.watch('unix:uid:1000');
    Object.assign(nodeOf(rig) ?? {}, { current: '', pending: '' });
    rig.server.clock.advance(6000);
    expect(await rejectionOf(rig.agent.ended)).toMatchObject({ reason: 'node.banned' });
    expect(await watch.ended).toMatchObject({ reason: 'node.stopped' });
    expect(await exists(file(rig))).toBe(false);
  });

  test('a banned agent does not even try a token that it has', async () => {
    await using rig = await startRig();
    const again = await rig.restart({ joinToken: 'spare' });
    rig.server.tokens.add('spare');
    await until(() => again.agent.status().isSynced);
    await again.idle();
    Object.assign(nodeOf(rig) ?? {}, { current: '', pending: '' });
    rig.server.clock.advance(6000);
    expect(await rejectionOf(again.agent.ended)).toMatchObject({ reason: 'node.banned' });
    expect(rig.server.tokens).toContain('spare');
  });

  test('an evicted agent whose token is spent ends', async () => {
    await using rig = await startRig();
    rig.server.nodes.clear();
    rig.server.clock.advance(6000);
    expect(await rejectionOf(rig.agent.ended)).toMatchObject({ reason: 'node.not_attested' });
    expect(await exists(file(rig))).toBe(false);
    expect(await rejectionOf(rig.restart({ joinToken: undefined }))).toMatchObject({
      reason: 'node.no_join_token',
    });
  });

  test('an evicted agent with an unused token attests again by itself', async () => {
    await using rig = await startRig(withWeb);
    const again = await rig.restart({ joinToken: 'spare' });
    rig.server.tokens.add('spare');
    await until(() => again.agent.status().isSynced);
    await again.idle();
    rig.server.nodes.clear();
    await again.pass(6000);
    await until(() => again.agent.spiffeId.endsWith('spare'));
    await passUntil(again, 1000, () => again.agent.status().syncFailure === undefined);
    expect(idsOf(await again.view('unix:uid:1000'))).toEqual([web.spiffeId]);
    await again.agent.stop();
  });

  test('an evicted agent whose other token is refused ends, and does not try it twice', async () => {
    await using rig = await startRig();
    const again = await rig.restart({ joinToken: 'unknown' });
    await until(() => again.agent.status().isSynced);
    await again.idle();
    rig.server.nodes.clear();
    rig.server.clock.advance(6000);
    expect(await rejectionOf(again.agent.ended)).toMatchObject({ reason: 'node.not_attested' });
    expect(count(rig, 'AttestAgent')).toBe(2);
  });

  test('an agent that is to attest again serves until it expires, then ends', async () => {
    await using rig = await startRig(withWeb);
    rig.server.isReattestable = true;
    for (let minute = 0; minute < 55; minute += 1) await rig.pass(60_000);
    expect(idsOf(await rig.view('unix:uid:1000'))).toEqual([web.spiffeId]);
    expect(count(rig, 'RenewAgent')).toBeGreaterThan(1);
    rig.server.clock.advance(10 * 60_000);
    expect(await rejectionOf(rig.agent.ended)).toMatchObject({ reason: 'node.expired' });
  });

  test('of two agents with one identity, the one that did not renew ends', async () => {
    await using rig = await startRig();
    Object.assign(nodeOf(rig) ?? {}, { current: 'another' });
    rig.server.clock.advance(6000);
    expect(await rejectionOf(rig.agent.ended)).toMatchObject({ reason: 'node.not_active' });
  });
});

import { describe, expect, test } from 'vitest';
import type { FakeServer } from '../support/fake-server.ts';
import { rejectionOf } from '../support/rejection-of.ts';
import { type Rig, startRig, until } from './rig.ts';

const web = { id: 'e-web', spiffeId: 'spiffe://prod.example/web', selectors: ['unix:uid:1000'] };
const withWeb = { prepare: (server: FakeServer) => server.put(web) };
const minute = 60_000;

const renewals = (rig: Rig) => rig.server.calls.filter((name) => name === 'RenewAgent').length;

/** In steps of ten seconds, as long as an agent sleeps at most. */
async function passMinutes(rig: Rig, minutes: number): Promise<void> {
  for (let at = 0; at < minutes * 6; at += 1) await rig.pass(10_000);
}

describe('the agent', () => {
  test('renews its own SVID at half of its life, and goes on with the new one', async () => {
    await using rig = await startRig();
    await passMinutes(rig, 26);
    expect(renewals(rig)).toBe(0);
    await passMinutes(rig, 8);
    expect(renewals(rig)).toBe(1);
    expect(new Set(rig.server.shown).size).toBe(2);
    expect(rig.agent.status().syncFailure).toBeUndefined();
    const again = await rig.restart();
    expect(again.agent.status().notAfter).toBe(rig.agent.status().notAfter);
    await again.agent.stop();
  });

  test('renews the SVIDs of workloads at half of their life', async () => {
    await using rig = await startRig(withWeb);
    await passMinutes(rig, 26);
    expect(rig.server.batches).toHaveLength(1);
    await passMinutes(rig, 8);
    expect(rig.server.batches).toHaveLength(2);
  });

  test('lives through days of it', async () => {
    await using rig = await startRig(withWeb);
    for (let step = 0; step < 2 * 24 * 12; step += 1) await rig.pass(5 * minute);
    const [identity] = (await rig.view('unix:uid:1000')).identities;
    const now = rig.server.ca.now();
    expect(identity?.svid.notAfter).toBeGreaterThan(now + 20 * 60);
    expect(rig.agent.status().notAfter).toBeGreaterThan(now + 20 * 60);
  });

  test('renews at once when the server comes back after half of the life', async () => {
    await using rig = await startRig(withWeb);
    await passMinutes(rig, 20);
    await rig.server.close();
    await passMinutes(rig, 30);
    expect(rig.server.batches).toHaveLength(1);
    await rig.server.open();
    await passMinutes(rig, 1);
    expect(rig.server.batches).toHaveLength(2);
    expect(renewals(rig)).toBe(1);
  });
});

describe('clocks', () => {
  test.each([30 * minute, -30 * minute, -300 * minute])(
    'a step of the wall clock by %d ms renews nothing',
    async (step) => {
      await using rig = await startRig(withWeb);
      rig.server.clock.step(step);
      await rig.pass(10_000);
      await rig.pass(10_000);
      expect(rig.server.batches).toHaveLength(1);
      expect(renewals(rig)).toBe(0);
    },
  );

  test('a suspended machine, whose monotonic clock stood still, renews when it wakes', async () => {
    await using rig = await startRig(withWeb);
    rig.server.clock.step(55 * minute);
    await rig.pass(10_000);
    await until(() => rig.server.batches.length === 2 && renewals(rig) === 1);
    await rig.pass(10_000);
    expect(rig.server.batches).toHaveLength(2);
  });

  test('suspended beyond its own life, it says what it needs', async () => {
    await using rig = await startRig(withWeb);
    rig.server.clock.step(9 * 60 * minute);
    rig.server.clock.advance(10_000);
    expect(await rejectionOf(rig.agent.ended)).toMatchObject({ reason: 'node.expired' });
  });

  test('suspended for hours with a token in hand, it attests again by itself', async () => {
    await using rig = await startRig(withWeb);
    const again = await rig.restart({ joinToken: 'spare' });
    rig.server.tokens.add('spare');
    await until(() => again.agent.status().svids === 1);
    await again.idle();
    rig.server.clock.step(9 * 60 * minute);
    await again.pass(10_000);
    await until(() => again.agent.spiffeId.endsWith('spare'));
    expect(again.agent.status().notAfter).toBeGreaterThan(rig.server.ca.now());
    await again.agent.stop();
  });
});

describe('batches', () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, index) => ({
      ...web,
      id: `e-${String(index).padStart(5, '0')}`,
    }));

  test('more entries than fit a page arrive complete, and later only what changed', async () => {
    await using rig = await startRig({
      prepare: (server) => {
        server.pageSize = 50;
        for (const entry of many(1203)) server.put(entry);
      },
    });
    await until(() => rig.agent.status().svids === 1203);
    const view = await rig.view('unix:uid:1000');
    expect(view.identities.map(({ entryId }) => entryId)).toEqual(many(1203).map(({ id }) => id));
    expect(rig.server.batches.map((batch) => batch.length)).toEqual([500, 500, 203]);

    rig.server.put({ ...web, id: 'e-00007', revision: 9n });
    rig.server.put({ ...web, id: 'e-00008', createdAt: 9n });
    rig.server.entries.delete('e-00009');
    await rig.pass(6000);
    await until(() => rig.server.batches.length === 4);
    expect(rig.server.batches[3]?.toSorted()).toEqual(['e-00007', 'e-00008']);
    await until(() => rig.agent.status().svids === 1202);
  });

  test('a batch that fails is halved until it passes', async () => {
    const sizes: number[] = [];
    await using rig = await startRig({
      prepare: (server) => {
        for (const entry of many(400)) server.put(entry);
        server.intercept = (name) => {
          if (name === 'BatchNewX509SVID' && sizes.push(0) < 3) throw new Error('too much');
        };
      },
    });
    for (let step = 0; rig.agent.status().svids < 400; step += 1) await rig.pass(5000);
    expect(rig.server.batches[0]).toHaveLength(125);
  });

  test('an entry that gets no SVID holds up no other, and is tried again', async () => {
    await using rig = await startRig({
      prepare: (server) => {
        server.put(web);
        server.put({ ...web, id: 'e-bad' });
        server.unsigned.add('e-bad');
      },
    });
    await until(() => rig.agent.status().svids === 1);
    expect((await rig.view('unix:uid:1000')).pending).toBe(true);
    rig.server.unsigned.clear();
    for (let step = 0; rig.agent.status().svids < 2; step += 1) await rig.pass(1000);
    expect((await rig.view('unix:uid:1000')).pending).toBe(false);
  });
});

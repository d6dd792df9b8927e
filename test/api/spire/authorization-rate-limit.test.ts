import { describe, expect, it } from 'vitest';
import { RateLimit } from '../../../src/api/spire/rate-limit.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { rejectionOf } from '../../support/rejection-of.ts';

/** A limit, and a way to take from it that tells whether it was granted yet. */
function limitOf(perSecond: number) {
  const clock = manualClock();
  const limit = new RateLimit({ clock, perSecond });
  const controller = new AbortController();
  const take = (units = 1, address = '192.0.2.1') => {
    const taken = { granted: false, done: limit.take(address, units, controller.signal) };
    taken.done.then(
      () => (taken.granted = true),
      () => undefined,
    );
    return taken;
  };
  /** Lets time pass, and everybody who waits go on. */
  const pass = async (ms: number) => {
    clock.advance(ms);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { take, pass, controller };
}

describe('a rate limit', () => {
  it('grants a second’s worth at once, and the next when its time has come', async () => {
    const { take, pass } = limitOf(2);
    const takers = [take(), take(), take()];
    await pass(0);
    expect(takers.map(({ granted }) => granted)).toEqual([true, true, false]);
    await pass(499);
    expect(takers[2]?.granted).toBe(false);
    await pass(1);
    expect(takers[2]?.granted).toBe(true);
  });

  it('saves no more than a second’s worth up', async () => {
    const { take, pass } = limitOf(2);
    await pass(60_000);
    const takers = [take(), take(), take()];
    await pass(0);
    expect(takers.map(({ granted }) => granted)).toEqual([true, true, false]);
  });

  it('counts the units of a call', async () => {
    const { take, pass } = limitOf(500);
    const takers = [take(400), take(200)];
    await pass(199);
    expect(takers.map(({ granted }) => granted)).toEqual([true, false]);
    await pass(1);
    expect(takers[1]?.granted).toBe(true);
  });

  it('refuses at once what could never be granted', async () => {
    const { take, pass } = limitOf(500);
    expect(await rejectionOf(take(501).done)).toMatchObject({ reason: 'request.rate' });
    const next = take(500);
    await pass(0);
    expect(next.granted).toBe(true);
  });

  it('refuses who would wait for longer than half a minute, and charges it nothing', async () => {
    const { take, pass } = limitOf(1);
    const waiting = Array.from({ length: 31 }, () => take());
    expect(await rejectionOf(take().done)).toMatchObject({ reason: 'request.rate' });
    await pass(1000);
    expect(waiting.filter(({ granted }) => granted)).toHaveLength(2);
    const next = take();
    await pass(30_000);
    expect(next.granted).toBe(true);
  });

  it('holds for each address by itself', async () => {
    const { take, pass } = limitOf(1);
    const takers = [take(1, '192.0.2.1'), take(1, '192.0.2.2')];
    await pass(0);
    expect(takers.every(({ granted }) => granted)).toBe(true);
  });

  it('forgets addresses that did not ask for longest, ten thousand later', async () => {
    const { take, pass } = limitOf(1);
    take(1, 'first');
    for (let index = 1; index < 10_000; index += 1) take(1, `address ${index}`);
    const still = take(1, 'first');
    take(1, 'one more');
    const forgotten = take(1, 'address 1');
    await pass(0);
    expect([still.granted, forgotten.granted]).toEqual([false, true]);
  });

  it('lets a call give up', async () => {
    const { take, controller } = limitOf(1);
    take();
    const second = take();
    const reason = new Error('cancelled');
    controller.abort(reason);
    await expect(second.done).rejects.toBe(reason);
  });
});

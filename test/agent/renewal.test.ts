import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dueInMs, leaseOf, leaseOfStored } from '../../src/agent/renewal.ts';
import { manualClock } from '../support/manual-clock.ts';

const hour = 3_600_000;

/** Valid for an hour, from ten seconds ago by a clock that differs from ours. */
function svidOf(clock: ReturnType<typeof manualClock>, skewMs = 0) {
  const now = Math.floor((clock.unixMs() + skewMs) / 1000);
  return { notBefore: now - 10, notAfter: now + 3600 };
}

describe('renewal', () => {
  test('is due at half of the life, give or take a tenth, and not at the same time for all', () => {
    const clock = manualClock();
    const delays = Array.from({ length: 200 }, () => dueInMs(leaseOf(svidOf(clock), clock), clock));
    for (const delay of delays) {
      expect(delay).toBeGreaterThan(0.44 * hour);
      expect(delay).toBeLessThan(0.56 * hour);
    }
    expect(new Set(delays).size).toBeGreaterThan(100);
  });

  test('leaves time enough whatever the clocks say: an eighth of the life at the least', () => {
    const clock = manualClock();
    fc.assert(
      fc.property(fc.integer({ min: -hour, max: hour }), (skewMs) => {
        const delay = dueInMs(leaseOf(svidOf(clock, skewMs), clock), clock);
        expect(delay).toBeGreaterThan(0.11 * hour);
        expect(delay).toBeLessThan(0.56 * hour);
      }),
    );
  });

  test('does not count the time by which a short-lived one was backdated', () => {
    const clock = manualClock();
    const now = Math.floor(clock.unixMs() / 1000);
    for (let round = 0; round < 100; round += 1) {
      const delay = dueInMs(leaseOf({ notBefore: now - 10, notAfter: now + 10 }, clock), clock);
      expect(delay).toBeGreaterThan(4400);
      expect(delay).toBeLessThan(5600);
    }
  });

  test('is not brought about by a step of wall time of less than most of the life', () => {
    const clock = manualClock();
    const lease = leaseOf(svidOf(clock), clock);
    clock.step(0.7 * hour);
    expect(dueInMs(lease, clock)).toBeGreaterThan(0);
    clock.step(-10 * hour);
    expect(dueInMs(lease, clock)).toBeLessThan(0.56 * hour);
  });

  test('comes before the end also where the monotonic clock stood still', () => {
    const clock = manualClock();
    const lease = leaseOf(svidOf(clock), clock);
    clock.step(0.9 * hour);
    expect(dueInMs(lease, clock)).toBe(0);
  });

  test('counts, after a restart, the time before it', () => {
    const clock = manualClock();
    const svid = svidOf(clock);
    clock.advance(0.3 * hour);
    const delay = dueInMs(leaseOfStored(svid, clock), clock);
    expect(delay).toBeGreaterThan(0.1 * hour);
    expect(delay).toBeLessThan(0.26 * hour);
    clock.advance(0.3 * hour);
    expect(dueInMs(leaseOfStored(svid, clock), clock)).toBe(0);
  });

  test('of a stored SVID from the future is measured from now', () => {
    const clock = manualClock();
    const svid = svidOf(clock, hour);
    expect(dueInMs(leaseOfStored(svid, clock), clock)).toBeGreaterThan(0.44 * hour);
  });
});

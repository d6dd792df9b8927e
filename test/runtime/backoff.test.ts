import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs, jitterMs } from '../../src/runtime/backoff.ts';

describe('backoffMs', () => {
  const options = { baseMs: 100, maxMs: 5_000 };

  it('stays between nothing and a bound that doubles up to the maximum', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), (attempt) => {
        const ms = backoffMs(attempt, options);
        expect(ms).toBeGreaterThanOrEqual(0);
        expect(ms).toBeLessThanOrEqual(Math.min(5_000, 100 * 2 ** Math.min(attempt - 1, 30)));
      }),
    );
  });

  it('uses the whole of its range, so that those who failed together part', () => {
    const waits = Array.from({ length: 200 }, () => backoffMs(6, options));
    expect(Math.min(...waits)).toBeLessThan(1_000);
    expect(Math.max(...waits)).toBeGreaterThan(2_200);
  });
});

describe('jitterMs', () => {
  it('moves a time by no more than the fraction, either way', () => {
    const times = Array.from({ length: 300 }, () => jitterMs(1_000, 0.1));
    expect(Math.min(...times)).toBeGreaterThanOrEqual(900);
    expect(Math.max(...times)).toBeLessThanOrEqual(1_100);
    expect(Math.min(...times)).toBeLessThan(1_000);
    expect(Math.max(...times)).toBeGreaterThan(1_000);
  });

  it('leaves a time alone that is too short to move', () => {
    expect(jitterMs(5, 0.1)).toBe(5);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from '../../src/config/duration.ts';
import { reasonOf } from '../support/reason-of.ts';

describe('parseDuration', () => {
  it.each([
    ['1s', 1],
    ['90s', 90],
    ['15m', 900],
    ['1h', 3600],
    ['30d', 2_592_000],
    ['10y', 315_360_000],
    ['100y', 3_153_600_000],
  ])('reads %s as %i seconds', (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
  });

  it.each([
    '',
    '0s',
    '01s',
    '1',
    's',
    '1w',
    '1 h',
    ' 1h',
    '1h ',
    '1.5h',
    '-1h',
    '1h30m',
    '1H',
    '1h\n',
    '１h',
  ])('refuses %j', (text) => {
    expect(reasonOf(() => parseDuration(text))).toBe('duration.malformed');
  });

  it.each(['101y', '3153600001s', '9999999999d'])('refuses %s as longer than a century', (text) => {
    expect(reasonOf(() => parseDuration(text))).toBe('duration.too_long');
  });
});

describe('formatDuration', () => {
  it('writes what parseDuration reads', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3_153_600_000 }), (seconds) => {
        expect(parseDuration(formatDuration(seconds))).toBe(seconds);
      }),
    );
  });

  it('takes the largest unit that fits', () => {
    expect([60, 90, 86_400, 31_536_000].map(formatDuration)).toEqual(['1m', '90s', '1d', '1y']);
  });
});

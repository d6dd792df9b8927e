import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unsigned } from '../../src/pki/der-writer.ts';
import { SerialSource } from '../../src/pki/serial.ts';
import { manualClock } from '../support/manual-clock.ts';
import { reasonOf } from '../support/reason-of.ts';

/** Fills with 0, 1, 2, … going on from call to call. */
function counting() {
  let next = 0;
  return (into: Buffer) => into.forEach((_, i) => (into[i] = (next += 1) % 251));
}

describe('SerialSource', () => {
  it('begins with the time and goes on at random', () => {
    const clock = manualClock(0x01_23_45_67_89_ab);
    const serial = new SerialSource(clock, counting()).next();
    expect(serial.toString('hex')).toBe('0123456789ab0102030405060708090a');
  });

  it('sorts by time', () => {
    const clock = manualClock();
    const source = new SerialSource(clock);
    const serials = Array.from({ length: 100 }, () => {
      clock.advance(1);
      return source.next().toString('hex');
    });
    expect(serials.toSorted()).toEqual(serials);
  });

  it('never gives the same serial twice, even while the clock stands still', () => {
    const source = new SerialSource(manualClock());
    const serials = Array.from({ length: 5000 }, () => source.next().toString('hex'));
    expect(new Set(serials).size).toBe(5000);
  });

  it('gives serials that stay as they are when more are made', () => {
    const source = new SerialSource(manualClock(), counting());
    const first = source.next();
    const copy = Buffer.from(first);
    for (let i = 0; i < 2000; i += 1) source.next();
    expect(first).toEqual(copy);
  });

  it('is a positive integer of 16 bytes at any time of 64 centuries', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2 ** 40, max: 2 ** 47 - 1 }), (unixMs) => {
        const serial = new SerialSource({ unixMs: () => unixMs }).next();
        expect(unsigned(serial)).toEqual(Buffer.concat([Buffer.from([2, 16]), serial]));
      }),
      {
        examples: [
          [2 ** 40],
          [2 ** 47 - 1],
          [Date.UTC(2038, 0, 19, 3, 14, 8)],
          [Date.UTC(2050, 0)],
        ],
      },
    );
  });

  it.each([Number.NaN, -1, 0, 2 ** 40 - 1, 2 ** 47, Date.UTC(9999, 11, 31)])(
    'refuses at the time %s, when the clock cannot be right',
    (unixMs) => {
      const source = new SerialSource({ unixMs: () => unixMs });
      expect(reasonOf(() => source.next())).toBe('serial.clock');
    },
  );

  it.each([
    {
      why: 'throws',
      random: () => {
        throw new Error('no entropy');
      },
    },
    { why: 'does nothing', random: () => undefined },
    { why: 'leaves a stretch unfilled', random: (into: Buffer) => into.fill(7, 0, 500) },
  ])('refuses when the random source $why', ({ random }) => {
    const source = new SerialSource(manualClock(), random);
    expect(reasonOf(() => source.next())).toBe('serial.randomness');
    expect(reasonOf(() => source.next())).toBe('serial.randomness');
  });

  it('refuses as soon as the random source repeats itself', () => {
    const source = new SerialSource(manualClock(), (into) => into.fill(7));
    for (let i = 0; i < 512; i += 1) source.next();
    expect(reasonOf(() => source.next())).toBe('serial.randomness');
  });
});

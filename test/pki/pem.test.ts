import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePem, encodePem, maxPemBytes } from '../../src/pki/pem.ts';
import { reasonOf } from '../support/reason-of.ts';

const block = encodePem('CERTIFICATE', Buffer.from('hello'));

describe('encodePem', () => {
  it('writes lines of 64 characters', () => {
    const lines = encodePem('X', Buffer.alloc(100)).split('\n');
    expect(lines.map(({ length }) => length)).toEqual([17, 64, 64, 8, 15, 0]);
  });

  it('is undone by decodePem', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 5 }),
        (ders) => {
          const text = ders.map((der) => encodePem('X', der)).join('');
          expect(decodePem(text, 'X')).toEqual(ders.map((der) => Buffer.from(der)));
        },
      ),
    );
  });
});

describe('decodePem', () => {
  it.each([
    { why: 'no text', text: '', count: 0 },
    { why: 'text without blocks', text: 'hello', count: 0 },
    { why: 'text around blocks', text: `subject=x\n${block}and\n${block}end`, count: 2 },
    { why: 'carriage returns', text: block.replaceAll('\n', '\r\n'), count: 1 },
    { why: 'one long line', text: block.replace('aGVs', 'aGVs\n'), count: 1 },
    {
      why: 'blocks of other labels',
      text: encodePem('X509 CRL', Buffer.from('x')) + block,
      count: 1,
    },
  ])('takes $why', ({ text, count }) => {
    expect(decodePem(text, 'CERTIFICATE')).toEqual(Array(count).fill(Buffer.from('hello')));
  });

  it.each([
    { why: 'no end', text: block.slice(0, 40) },
    { why: 'the end of another label', text: block.replace('END CERT', 'END X') },
    { why: 'no content', text: block.replace('aGVsbG8=', '') },
    { why: 'a header', text: block.replace('\n', '\nProc-Type: 4,ENCRYPTED\n\n') },
    { why: 'characters outside base64', text: block.replace('aGVs', 'aG*s') },
    { why: 'base64url', text: block.replace('aGVs', 'aG-_') },
    { why: 'stray bits at the end', text: block.replace('G8=', 'G9=') },
    { why: 'missing padding', text: block.replace('G8=', 'G8') },
    { why: 'a block within a block', text: block.replace('\n', `\n${block}`) },
  ])('refuses $why', ({ text }) => {
    expect(reasonOf(() => decodePem(text, 'CERTIFICATE'))).toBe('pem.malformed');
  });

  it('refuses text beyond its limit', () => {
    const padded = (length: number) => block.padStart(length);
    expect(decodePem(padded(maxPemBytes), 'CERTIFICATE')).toHaveLength(1);
    expect(reasonOf(() => decodePem(padded(maxPemBytes + 1), 'CERTIFICATE'))).toBe('pem.too_long');
    expect(decodePem(padded(20_000), 'CERTIFICATE', 20_000)).toHaveLength(1);
  });

  it('does no work on a million lines of garbage, or on 10 MB', () => {
    // whoever reads the text before the limit pays 10 ms and more for it
    const untouchable = new Proxy(
      { length: 10_000_000 },
      {
        get(target, key) {
          if (key === 'length') return target.length;
          throw new Error(`read ${String(key)}`);
        },
      },
    );
    expect(reasonOf(() => decodePem(untouchable as unknown as string, 'X'))).toBe('pem.too_long');
    expect(reasonOf(() => decodePem('garbage\n'.repeat(1e6), 'X'))).toBe('pem.too_long');
  });

  it('takes time in proportion to the text, whatever it repeats', () => {
    const begin = '-----BEGIN X-----';
    const text = begin.repeat(200_000);
    const started = process.cpuUsage();
    expect(reasonOf(() => decodePem(text, 'X', text.length))).toBe('pem.malformed');
    expect(process.cpuUsage(started).user).toBeLessThan(2_000_000);
  });
});

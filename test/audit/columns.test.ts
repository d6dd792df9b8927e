import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { columnNames, deriveColumns } from '../../src/audit/columns.ts';
import { encodeEvent } from '../../src/audit/event.ts';
import { encodeLeaf } from '../../src/audit/leaf.ts';
import { reasonOf } from '../support/reason-of.ts';
import { entries } from '../vectors/audit.ts';

const data = (leaf: object) => Buffer.from(`signet-log/v1\n${JSON.stringify(leaf)}`);

describe('deriveColumns', () => {
  it('reads the reference entries', () => {
    const [init, approved, issued] = entries.map((entry) => deriveColumns(Buffer.from(entry.data)));
    expect(init).toMatchObject({ kind: 'log.init', ts: 1_761_955_200_000, actor: null });
    expect(approved).toMatchObject({ actor: 'user:alice', target: 'req:7f3a' });
    expect(issued).toMatchObject({
      kind: 'x509.issued',
      req: '7f3a',
      serial: '00a1b2c3d4e5f60718293a4b5c6d7e8f',
      spiffe_id: 'spiffe://prod.example/ns/pay/sa/api',
      nb: 1_761_955_141,
      na: 1_761_958_801,
      node: 'spiffe://prod.example/signet/agent/n1',
      attestor: 'unix',
    });
  });

  it('names every column, and no other', () => {
    expect(Object.keys(deriveColumns(data({ t: 'k', ts: 1 })))).toEqual([...columnNames]);
  });

  it('takes the id of an entry for the target, without its revision', () => {
    expect(deriveColumns(data({ t: 'k', ts: 1, entry: 'web-1:12' })).target).toBe('web-1');
    expect(deriveColumns(data({ t: 'k', ts: 1, entry: 'web-1:12', target: 'x' })).target).toBe('x');
  });

  it('takes no member of another type than its column', () => {
    const odd = { t: 'k', ts: 1, actor: 1, serial: ['a'], na: '1', nb: 1.5, node: {} };
    const { actor, serial, na, nb, node } = deriveColumns(data(odd));
    expect([actor, serial, na, nb, node]).toEqual([null, null, null, null, null]);
  });

  it.each([
    { why: 'no version', bytes: Buffer.from('{"t":"k","ts":1}') },
    { why: 'another version', bytes: Buffer.from('signet-log/v2\n{"t":"k","ts":1}') },
    { why: 'no JSON', bytes: Buffer.from('signet-log/v1\n{') },
    { why: 'an array', bytes: data([]) },
    { why: 'no kind', bytes: data({ ts: 1 }) },
    { why: 'a time in text', bytes: data({ t: 'k', ts: '1' }) },
  ])('refuses $why', ({ bytes }) => {
    expect(reasonOf(() => deriveColumns(bytes))).toBe('leaf.malformed');
  });

  it('reads back what any leaf was encoded from', () => {
    const text = fc.string({ unit: 'grapheme' }).filter((value) => value.isWellFormed());
    fc.assert(
      fc.property(text, text, fc.maxSafeInteger(), (t, actor, ts) => {
        const columns = deriveColumns(Buffer.from(encodeLeaf({ t, ts, actor })));
        expect(columns).toMatchObject({ kind: t, actor, ts });
      }),
    );
  });
});

describe('encodeEvent', () => {
  it('writes an event as the reference would', () => {
    const event = {
      t: 'log.init',
      ts: 1,
      actor: 'system:signet',
      origin: 'a/b',
      key: 'k',
    } as const;
    expect(Buffer.from(encodeEvent(event)).toString()).toBe(
      'signet-log/v1\n{"actor":"system:signet","key":"k","origin":"a/b","t":"log.init","ts":1}',
    );
  });
});

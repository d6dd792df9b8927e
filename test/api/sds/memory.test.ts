import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Denials } from '../../../src/api/sds/denials.ts';
import { Lru } from '../../../src/api/sds/lru.ts';
import { printable } from '../../../src/api/sds/printable.ts';
import { Refusals } from '../../../src/api/sds/refusals.ts';
import { TupleCache } from '../../../src/api/sds/tuple-cache.ts';

const sidecar = { spiffeIds: [], uid: 1000, pid: 7, claimedNodeId: 'web' };

describe('Lru', () => {
  it('forgets what was not used for longest, and nothing before it is full', () => {
    const lru = new Lru<string, number>(2);
    lru.set('a', 1);
    lru.set('b', 2);
    expect(lru.get('a')).toBe(1);
    lru.set('c', 3);
    expect(['a', 'b', 'c'].map((key) => lru.get(key))).toEqual([1, undefined, 3]);
  });
});

describe('Refusals', () => {
  it('remembers by user, process and node id', () => {
    const refusals = new Refusals();
    refusals.add(sidecar, 'v1');
    refusals.add(sidecar, 'v2');
    expect([...refusals.of(sidecar)]).toEqual(['v1', 'v2']);
    for (const other of [{ uid: 0 }, { pid: 8 }, { claimedNodeId: 'db' }]) {
      expect(refusals.of({ ...sidecar, ...other }).size).toBe(0);
    }
  });

  it('keeps the latest of very many', () => {
    const refusals = new Refusals();
    for (let version = 0; version < 100; version += 1) refusals.add(sidecar, String(version));
    const kept = [...refusals.of(sidecar)];
    expect(kept).toHaveLength(64);
    expect(kept.at(-1)).toBe('99');
  });
});

describe('Denials', () => {
  it('are news once of each process and name', () => {
    const denials = new Denials();
    expect(denials.isNews(sidecar, 'a')).toBe(true);
    expect(denials.isNews(sidecar, 'a')).toBe(false);
    expect(denials.isNews(sidecar, 'b')).toBe(true);
    expect(denials.isNews({ ...sidecar, pid: 8 }, 'a')).toBe(true);
  });

  it('of one process do not fill the log', () => {
    const denials = new Denials();
    const told = Array.from({ length: 1000 }, (_, index) => denials.isNews(sidecar, String(index)));
    expect(told.filter(Boolean)).toHaveLength(32);
  });
});

describe('TupleCache', () => {
  it('knows a value by the very objects, their order and the label', () => {
    const cache = new TupleCache<object>();
    const [a, b] = [{}, {}];
    const value = cache.get([a, b], 'x', () => ({}));
    expect(cache.get([a, b], 'x', () => ({}))).toBe(value);
    for (const [objects, label] of [
      [[b, a], 'x'],
      [[a], 'x'],
      [[a, {}], 'x'],
      [[a, b], 'y'],
    ] as const) {
      expect(cache.get(objects, label, () => ({}))).not.toBe(value);
    }
  });
});

describe('printable', () => {
  it('leaves no control character and nothing long', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 50 }), (text) => {
        expect(printable(text, 20)).toMatch(/^[\x20-\x7e\u{FFFD}]{0,20}$/u);
      }),
    );
  });

  it('leaves plain text as it is', () => {
    expect(printable('spiffe://prod.example/w', 100)).toBe('spiffe://prod.example/w');
  });
});

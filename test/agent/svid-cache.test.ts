import { describe, expect, test } from 'vitest';
import type { AgentEntry } from '../../src/agent/entry.ts';
import { SvidCache } from '../../src/agent/svid-cache.ts';
import { SignetError } from '../../src/runtime/errors.ts';
import { parseSelector } from '../../src/spiffe/selector.ts';
import { parseSpiffeId } from '../../src/spiffe/spiffe-id.ts';
import type { X509Svid } from '../../src/spiffe/svid.ts';
import { manualClock } from '../support/manual-clock.ts';

const minute = 60_000;

const testEntry = (id: string, changes: Partial<AgentEntry> = {}): AgentEntry => ({
  id,
  spiffeId: parseSpiffeId(`spiffe://prod.example/${id}`),
  selectors: new Set([parseSelector('unix:uid:1')]),
  hint: '',
  revision: 0n,
  createdAt: 1n,
  ...changes,
});

function rig(...entries: AgentEntry[]) {
  const clock = manualClock();
  const cache = new SvidCache(clock);
  const set = (...now: AgentEntry[]) =>
    cache.setEntries(new Map(now.map((entry) => [entry.id, entry])));
  const svidFor = ({ spiffeId }: AgentEntry, lifeSeconds = 3600): X509Svid => {
    const notBefore = Math.floor(clock.unixMs() / 1000);
    const [chain, privateKey] = [[], new Uint8Array()];
    const notAfter = notBefore + lifeSeconds;
    return { spiffeId, chain, privateKey, serial: '01', notBefore, notAfter };
  };
  set(...entries);
  return { clock, cache, set, svidFor };
}

const idsOf = (entries: readonly AgentEntry[]) => entries.map(({ id }) => id);

describe('the cache', () => {
  test('asks for what it has not, then for what expires first', () => {
    const [a, b, c] = [testEntry('a'), testEntry('b'), testEntry('c')];
    const { cache, clock, svidFor } = rig(a, b, c);
    cache.store(a, svidFor(a, 3600));
    cache.store(b, svidFor(b, 1800));
    expect(idsOf(cache.due(9))).toEqual(['c']);
    clock.advance(50 * minute);
    expect(idsOf(cache.due(9))).toEqual(['c', 'b', 'a']);
    expect(idsOf(cache.due(2))).toEqual(['c', 'b']);
  });

  test('drops the SVID with its entry', () => {
    const a = testEntry('a');
    const { cache, set, svidFor } = rig(a);
    cache.store(a, svidFor(a));
    set();
    expect(cache.svidOf('a')).toBeUndefined();
    expect(cache.store(a, svidFor(a))).toBe(false);
    expect(cache.counts).toEqual({ entries: 0, svids: 0 });
  });

  test('keeps the SVID of a changed entry until there is another', () => {
    const a = testEntry('a');
    const changed = testEntry('a', { revision: 1n });
    const { cache, set, svidFor } = rig(a);
    const svid = svidFor(a);
    cache.store(a, svid);
    set(changed);
    expect(cache.svidOf('a')).toBe(svid);
    expect(cache.due(9)).toEqual([changed]);
  });

  test('what was signed for the entry before it changed does not settle it', () => {
    const a = testEntry('a');
    const changed = testEntry('a', { revision: 1n });
    const { cache, set, svidFor } = rig(a);
    set(changed);
    cache.store(a, svidFor(a));
    expect(cache.due(9)).toEqual([changed]);
    cache.store(changed, svidFor(changed));
    expect(cache.due(9)).toEqual([]);
  });

  test.each([
    ['says another name', { spiffeId: parseSpiffeId('spiffe://prod.example/z'), revision: 1n }],
    ['was made anew', { createdAt: 2n }],
  ])('drops the SVID of an entry that %s', (_, changes) => {
    const a = testEntry('a');
    const { cache, set, svidFor } = rig(a);
    cache.store(a, svidFor(a));
    set(testEntry('a', changes));
    expect(cache.svidOf('a')).toBeUndefined();
  });

  test('an answer for the name an entry had before is not taken', () => {
    const a = testEntry('a');
    const { cache, set, svidFor } = rig(a);
    set(testEntry('a', { spiffeId: parseSpiffeId('spiffe://prod.example/z'), revision: 1n }));
    expect(cache.store(a, svidFor(a))).toBe(false);
    expect(cache.svidOf('a')).toBeUndefined();
  });

  test('an entry that failed rests for a while, and longer each time', () => {
    const a = testEntry('a');
    const { cache, clock, svidFor } = rig(a);
    for (let failure = 0; failure < 20; failure += 1) {
      cache.store(a, new SignetError('node.svid_refused'));
    }
    expect(cache.nextDueInMs(10 * minute)).toBeLessThanOrEqual(minute);
    clock.advance(minute);
    expect(cache.due(9)).toEqual([a]);
    cache.store(a, svidFor(a));
    expect(cache.due(9)).toEqual([]);
    expect(cache.nextDueInMs(5)).toBe(5);
  });
});

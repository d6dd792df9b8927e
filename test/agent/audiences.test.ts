import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Audiences } from '../../src/agent/audiences.ts';
import type { AgentEntry } from '../../src/agent/entry.ts';
import { EntryIndex } from '../../src/agent/entry-index.ts';
import type { IdentityView } from '../../src/api/identity-source.ts';
import { parseSelector, type Selector } from '../../src/spiffe/selector.ts';
import { parseSpiffeId } from '../../src/spiffe/spiffe-id.ts';
import type { X509Svid } from '../../src/spiffe/svid.ts';
import { parseTrustDomain } from '../../src/spiffe/trust-domain.ts';

const trustDomain = parseTrustDomain('prod.example');
const selectorsOf = (letters: string): ReadonlySet<Selector> =>
  new Set(letters.split('').map((letter) => parseSelector(`unix:${letter}`)));

function testEntry(id: string, letters: string, revision = 0n): AgentEntry {
  const spiffeId = parseSpiffeId(`spiffe://prod.example/${id}`);
  return { id, spiffeId, selectors: selectorsOf(letters), hint: '', revision, createdAt: 1n };
}

const testSvid = (serial: string): X509Svid => ({
  spiffeId: parseSpiffeId('spiffe://prod.example/w'),
  chain: [],
  privateKey: new Uint8Array(),
  serial,
  notBefore: 0,
  notAfter: 1,
});

const byId = (...entries: AgentEntry[]) => new Map(entries.map((entry) => [entry.id, entry]));

function rig() {
  const svids = new Map<string, X509Svid>();
  const audiences = new Audiences(trustDomain, new Map(), (id) => svids.get(id));
  const sign = (...ids: string[]) => {
    for (const id of ids) svids.set(id, testSvid(`${id}-${svids.size}`));
    audiences.update({ svids: ids });
  };
  return { svids, audiences, sign };
}

const idsIn = ({ identities }: IdentityView) => identities.map(({ entryId }) => entryId);

describe('audiences', () => {
  test('everything is pending until the server has spoken', () => {
    const { audiences } = rig();
    using audience = audiences.join(selectorsOf('a'));
    expect(audience.view.value.pending).toBe(true);
    audiences.update({ isSynced: true });
    expect(audience.view.value).toMatchObject({ pending: false, identities: [] });
  });

  test('an entry without SVID is pending for those it matches', () => {
    const { audiences, sign } = rig();
    audiences.update({ isSynced: true, entries: byId(testEntry('1', 'a')) });
    using matched = audiences.join(selectorsOf('ab'));
    using other = audiences.join(selectorsOf('b'));
    expect([matched.view.value.pending, other.view.value.pending]).toEqual([true, false]);
    sign('1');
    expect(idsIn(matched.view.value)).toEqual(['1']);
    expect(matched.view.value.pending).toBe(false);
  });

  test('callers with the same selectors share one view', () => {
    const { audiences } = rig();
    using one = audiences.join(selectorsOf('ab'));
    using two = audiences.join(selectorsOf('ba'));
    expect(one.view).toBe(two.view);
    expect(audiences.members).toBe(2);
  });

  test('an audience is forgotten with its last member, however often that one leaves', () => {
    const { audiences } = rig();
    const one = audiences.join(selectorsOf('a'));
    using two = audiences.join(selectorsOf('a'));
    one[Symbol.dispose]();
    one[Symbol.dispose]();
    expect(audiences.members).toBe(1);
    using three = audiences.join(selectorsOf('a'));
    expect(three.view).toBe(two.view);
  });

  test('a change wakes those alone whose view it changes', () => {
    const { audiences, sign } = rig();
    const entries = byId(testEntry('1', 'a'), testEntry('2', 'b'));
    audiences.update({ isSynced: true, entries });
    sign('1', '2');
    using one = audiences.join(selectorsOf('a'));
    using two = audiences.join(selectorsOf('b'));
    const before = [one.view.value, two.view.value];
    audiences.update({ entries: new Map(entries), bundles: new Map() });
    const renewed = [one.view.value, two.view.value];
    expect(renewed[0]?.bundles).not.toBe(before[0]?.bundles);
    sign('2');
    expect(one.view.value).toBe(renewed[0]);
    expect(two.view.value).not.toBe(renewed[1]);
    expect(two.view.value.identities[0]).not.toBe(renewed[1]?.identities[0]);
  });

  test('an update that says nothing new wakes nobody', () => {
    const { audiences, sign } = rig();
    const entries = byId(testEntry('1', 'a'));
    audiences.update({ isSynced: true, entries });
    sign('1');
    using audience = audiences.join(selectorsOf('a'));
    const before = audience.view.value;
    audiences.update({ isSynced: true, entries: new Map(entries), svids: ['1'] });
    expect(audience.view.value).toBe(before);
  });

  test('whatever happens, a view is what entries and selectors say', () => {
    const letters = fc.subarray(['a', 'b', 'c', 'd'], { minLength: 1 }).map((all) => all.join(''));
    const ids = fc.constantFrom('1', '2', '3', '4', '5');
    const step = fc.oneof(
      fc.record({ kind: fc.constant('put' as const), id: ids, letters }),
      fc.record({ kind: fc.constant('remove' as const), id: ids }),
      fc.record({ kind: fc.constant('sign' as const), id: ids }),
      fc.record({ kind: fc.constant('join' as const), letters }),
      fc.record({ kind: fc.constant('leave' as const), at: fc.nat(5) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { audiences, svids, sign } = rig();
        const entries = new Map<string, AgentEntry>();
        const joined: ReturnType<Audiences['join']>[] = [];
        audiences.update({ isSynced: true });
        for (const [revision, event] of steps.entries()) {
          if (event.kind === 'put') {
            entries.set(event.id, testEntry(event.id, event.letters, BigInt(revision)));
          } else if (event.kind === 'remove') {
            entries.delete(event.id);
            svids.delete(event.id);
          } else if (event.kind === 'sign' && entries.has(event.id)) sign(event.id);
          else if (event.kind === 'join') joined.push(audiences.join(selectorsOf(event.letters)));
          else if (event.kind === 'leave') joined.splice(event.at, 1)[0]?.[Symbol.dispose]();
          audiences.update({ entries: new Map(entries) });
          for (const { selectors, view } of joined) {
            const matching = [...entries.values()].filter((entry) =>
              [...entry.selectors].every((selector) => selectors.has(selector)),
            );
            const signed = matching.map(({ id }) => id).filter((id) => svids.has(id));
            expect(idsIn(view.value)).toEqual(signed.toSorted());
            expect(view.value.pending).toBe(signed.length < matching.length);
            for (const { entryId, svid } of view.value.identities) {
              expect(svid).toBe(svids.get(entryId));
            }
          }
        }
        expect(audiences.members).toBe(joined.length);
      }),
    );
  });
});

test('an index of thousands of entries looks only at those that share a rare selector', () => {
  const common = 'unix:uid:0';
  const entries = Array.from({ length: 5000 }, (_, index): AgentEntry => {
    const selectors = new Set([common, `unix:path:/bin/${index}`].map(parseSelector));
    return { ...testEntry(String(index), ''), selectors };
  });
  const index = new EntryIndex();
  index.replace(byId(...entries));
  let looks = 0;
  for (const { selectors } of entries) {
    const isSubsetOf = selectors.isSubsetOf.bind(selectors);
    Object.assign(selectors, {
      isSubsetOf: (other: ReadonlySet<Selector>) => {
        looks += 1;
        return isSubsetOf(other);
      },
    });
  }
  const found = index.matching(new Set([common, 'unix:path:/bin/77'].map(parseSelector)));
  expect(found.map(({ id }) => id)).toEqual(['77']);
  expect(looks).toBeLessThan(10);
});

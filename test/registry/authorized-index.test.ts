import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AuthorizedIndex } from '../../src/registry/authorized-index.ts';
import type { Entry } from '../../src/registry/entry.ts';
import type { Selector } from '../../src/spiffe/selector.ts';
import type { SpiffeId } from '../../src/spiffe/spiffe-id.ts';
import { draft, id, selectors } from '../store/builders.ts';

const serverId = id('spire/server');
const node = id('spire/agent/join_token/n1');
const otherNode = id('spire/agent/join_token/n2');
const now = 1000;

function entry(changes: Partial<Entry> & { readonly id: string }): Entry {
  return { ...draft({ parentId: node }), revision: 0, createdAt: 0, ...changes };
}

function indexOf(...entries: readonly Entry[]): AuthorizedIndex {
  const index = new AuthorizedIndex(serverId);
  for (const each of entries) index.put(each);
  return index;
}

const agent = (agentId: SpiffeId = node, ...texts: string[]) => ({
  id: agentId,
  selectors: selectors(...texts),
});

const idsOf = (index: AuthorizedIndex, who = agent(), at = now) =>
  index.authorized(who, at).map((found) => found.id);

describe('the entries of an agent', () => {
  it('are those below it, sorted by id, and none of another agent', () => {
    const index = indexOf(
      entry({ id: 'b', spiffeId: id('b') }),
      entry({ id: 'a', spiffeId: id('a') }),
      entry({ id: 'c', spiffeId: id('c'), parentId: otherNode }),
    );
    expect(idsOf(index)).toEqual(['a', 'b']);
    expect(idsOf(index, agent(otherNode))).toEqual(['c']);
    expect(idsOf(index, agent(id('spire/agent/join_token/n3')))).toEqual([]);
  });

  it('include what is below the IDs that they give', () => {
    const index = indexOf(
      entry({ id: 'a', spiffeId: id('a') }),
      entry({ id: 'b', spiffeId: id('b'), parentId: id('a') }),
      entry({ id: 'c', spiffeId: id('c'), parentId: id('b') }),
      entry({ id: 'd', spiffeId: id('d'), parentId: id('elsewhere') }),
    );
    expect(idsOf(index)).toEqual(['a', 'b', 'c']);
  });

  it('are each there once, also where they name each other in circles', () => {
    const index = indexOf(
      entry({ id: 'a', spiffeId: id('a') }),
      entry({ id: 'b', spiffeId: id('b'), parentId: id('a') }),
      entry({ id: 'c', spiffeId: id('a'), parentId: id('b') }),
      entry({ id: 'd', spiffeId: id('d'), parentId: id('d') }),
    );
    expect(idsOf(index)).toEqual(['a', 'b', 'c']);
    expect(index.isAuthorized(agent(), entry({ id: 'd', parentId: id('d') }), now)).toBe(false);
  });

  it('include what is below an alias of its node, but not the alias', () => {
    const alias = entry({
      id: 'alias',
      spiffeId: id('rack'),
      parentId: serverId,
      selectors: selectors('node:rack:1', 'node:zone:a'),
    });
    const index = indexOf(alias, entry({ id: 'a', spiffeId: id('a'), parentId: id('rack') }));
    expect(idsOf(index, agent(node, 'node:rack:1', 'node:zone:a', 'node:os:x'))).toEqual(['a']);
    expect(idsOf(index, agent(node, 'node:rack:1'))).toEqual([]);
    expect(idsOf(index, agent(node))).toEqual([]);
    const whole = agent(node, 'node:rack:1', 'node:zone:a');
    expect(index.isAuthorized(whole, alias, now)).toBe(false);
  });

  it('end at the second at which they expire, with what is reached through them alone', () => {
    const index = indexOf(
      entry({ id: 'a', spiffeId: id('a'), expiresAt: now + 1 }),
      entry({ id: 'b', spiffeId: id('b'), parentId: id('a') }),
    );
    expect(idsOf(index, agent(), now)).toEqual(['a', 'b']);
    expect(idsOf(index, agent(), now + 1)).toEqual([]);
  });

  it('follow an entry to its new parent and its new ID', () => {
    const index = indexOf(
      entry({ id: 'a', spiffeId: id('a') }),
      entry({ id: 'b', spiffeId: id('b'), parentId: id('a') }),
    );
    index.put(entry({ id: 'a', spiffeId: id('a2'), parentId: otherNode }));
    expect(idsOf(index)).toEqual([]);
    expect(idsOf(index, agent(otherNode))).toEqual(['a']);
    expect(index.entriesOf(id('a'))).toEqual([]);
    expect(index.entriesOf(id('a2')).map((found) => found.id)).toEqual(['a']);
    expect(index.size).toBe(2);
  });
});

describe('a large index', () => {
  it('takes changes under one crowded parent at a cost that does not grow', () => {
    // If a change looked at its neighbours, this would take hours and not a second.
    const index = new AuthorizedIndex(serverId);
    const count = 100_000;
    for (let at = 0; at < count; at += 1) index.put(entry({ id: `e${at}`, spiffeId: id('same') }));
    for (let at = 0; at < count; at += 1) index.put(entry({ id: `e${at}`, spiffeId: id('next') }));
    for (let at = 1; at < count; at += 1) index.remove(`e${at}`);
    index.remove('unknown');
    expect(idsOf(index)).toEqual(['e0']);
    expect(index.size).toBe(1);
  }, 30_000);
});

// A few names of each kind, so that entries meet.
const workloads = ['w1', 'w2', 'w3', 'w4', 'w5'].map(id);
const nodes = [node, otherNode];
const someSelectors = fc.subarray(selectors('n:a', 'n:b', 'n:c'));

const anyEntry: fc.Arbitrary<Entry> = fc
  .record({
    id: fc.constantFrom('e1', 'e2', 'e3', 'e4', 'e5', 'e6', 'e7', 'e8'),
    spiffeId: fc.constantFrom(...workloads),
    parentId: fc.constantFrom(...workloads, ...nodes, serverId),
    selectors: fc.subarray(selectors('n:a', 'n:b', 'n:c'), { minLength: 1 }),
    expiresAt: fc.constantFrom(0, 0, 0, now - 1, now, now + 1),
  })
  .map(entry);

const anyChange = fc.oneof(
  { weight: 4, arbitrary: anyEntry.map((put) => ({ put })) },
  { weight: 1, arbitrary: anyEntry.map(({ id: remove }) => ({ remove })) },
);

/** The rule word by word: names grow until nothing new is found. */
function authorizedByTheRule(
  entries: readonly Entry[],
  nodeId: SpiffeId,
  has: readonly Selector[],
): readonly string[] {
  const alive = entries.filter(({ expiresAt }) => expiresAt === 0 || expiresAt > now);
  const aliases = alive.filter(
    ({ parentId, selectors: needs }) =>
      parentId === serverId && needs.every((selector) => has.includes(selector)),
  );
  let names = [nodeId, ...aliases.map(({ spiffeId }) => spiffeId)];
  for (;;) {
    const found = alive.filter(({ parentId }) => names.includes(parentId));
    const more = [...new Set([...names, ...found.map(({ spiffeId }) => spiffeId)])];
    if (more.length === names.length) return found.map((each) => each.id).toSorted();
    names = more;
  }
}

describe('authorisation, whatever changes came before', () => {
  it('is what a naive reading of the rule gives', () => {
    fc.assert(
      fc.property(
        fc.array(anyChange, { maxLength: 30 }),
        fc.constantFrom(...nodes),
        someSelectors,
        (changes, nodeId, has) => {
          const index = new AuthorizedIndex(serverId);
          const model = new Map<string, Entry>();
          for (const change of changes) {
            if ('put' in change) {
              index.put(change.put);
              model.set(change.put.id, change.put);
            } else {
              index.remove(change.remove);
              model.delete(change.remove);
            }
          }
          const who = { id: nodeId, selectors: has };
          const expected = authorizedByTheRule([...model.values()], nodeId, has);
          expect(idsOf(index, who)).toEqual(expected);
          for (const each of model.values()) {
            expect(index.isAuthorized(who, each, now)).toBe(expected.includes(each.id));
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('only grows with the selectors of the node', () => {
    fc.assert(
      fc.property(fc.array(anyEntry, { maxLength: 20 }), someSelectors, (entries, has) => {
        const index = indexOf(...entries);
        const few = new Set(idsOf(index, { id: node, selectors: [] }));
        const some = new Set(idsOf(index, { id: node, selectors: has }));
        expect(few.isSubsetOf(some)).toBe(true);
      }),
    );
  });
});

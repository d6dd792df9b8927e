import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../../src/audit/checkpoint.ts';
import { append, emptyTree, leafHash, rootHash } from '../../../src/audit/merkle.ts';
import { noteSigner } from '../../../src/audit/note-key.ts';
import type { Store } from '../../../src/store/store.ts';
import { logPrivateKey } from '../../vectors/audit.ts';
import { admin, attest, draft, id, issued, logOrigin, reasonFrom } from '../builders.ts';
import type { OpenStore } from '../store-suite.ts';

const { key } = noteSigner(logOrigin, logPrivateKey);

type Step =
  | { do: 'create' | 'update' | 'delete'; entry: number }
  | { do: 'attest' | 'ban' | 'evict'; agent: number }
  | { do: 'append'; serial: number };

const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constantFrom('create' as const, 'update' as const, 'delete' as const),
    entry: fc.nat(4),
  }),
  fc.record({
    do: fc.constantFrom('attest' as const, 'ban' as const, 'evict' as const),
    agent: fc.nat(2),
  }),
  fc.record({ do: fc.constant('append' as const), serial: fc.nat(9) }),
);

/** What a step should do, in a few maps: the reason it is refused for, or nothing. */
class Model {
  readonly entries = new Map<number, number>();
  readonly agents = new Map<number, 'active' | 'banned'>();
  readonly serials = new Set<number>();

  play(step: Step): string | undefined {
    switch (step.do) {
      case 'create':
        if (this.entries.has(step.entry)) return 'entry.exists';
        return void this.entries.set(step.entry, 0);
      case 'update':
        return this.#ifEntry(step.entry, (revision) => this.entries.set(step.entry, revision + 1));
      case 'delete':
        return this.#ifEntry(step.entry, () => this.entries.delete(step.entry));
      case 'attest': {
        const standing = this.agents.get(step.agent);
        if (standing !== undefined)
          return standing === 'banned' ? 'agent.banned' : 'agent.attested';
        return void this.agents.set(step.agent, 'active');
      }
      case 'ban':
        if (!this.agents.has(step.agent)) return 'agent.not_found';
        return void this.agents.set(step.agent, 'banned');
      case 'evict':
        return this.agents.delete(step.agent) ? undefined : 'agent.not_found';
      case 'append':
        if (this.serials.has(step.serial)) return 'store.duplicate_serial';
        return void this.serials.add(step.serial);
    }
  }

  #ifEntry(entry: number, act: (revision: number) => unknown): string | undefined {
    const revision = this.entries.get(entry);
    if (revision === undefined) return 'entry.not_found';
    act(revision);
    return undefined;
  }
}

function play({ ledger }: Store, step: Step): Promise<unknown> {
  switch (step.do) {
    case 'create':
      return ledger.commit('entry.create', draftOf(step.entry), admin);
    case 'update':
      return ledger.commit(
        'entry.update',
        { id: `e${step.entry}`, draft: draftOf(step.entry) },
        admin,
      );
    case 'delete':
      return ledger.commit('entry.delete', { id: `e${step.entry}` }, admin);
    case 'attest':
      return ledger.commit('agent.attest', attest({ id: id(`n${step.agent}`) }), admin);
    case 'ban':
      return ledger.commit('agent.ban', { id: id(`n${step.agent}`) }, admin);
    case 'evict':
      return ledger.commit('agent.delete', { id: id(`n${step.agent}`) }, admin);
    case 'append':
      return ledger.append(issued(`0${step.serial}`));
  }
}

const draftOf = (entry: number) => draft({ id: `e${entry}`, spiffeId: id(`w${entry}`) });

export function modelSuite(open: OpenStore): void {
  describe('any sequence of changes', () => {
    it('has the outcome of the model, and leaves a log whose root is recomputed', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(steps, { maxLength: 40 }), fc.nat(8), async (all, width) => {
          const store = await open();
          const model = new Model();
          // Some at once: they end up in one batch, and still count one after the other.
          for (let at = 0; at < all.length; at += width + 1) {
            const batch = all.slice(at, at + width + 1);
            const expected = batch.map((step) => model.play(step));
            const outcomes = batch.map((step) => reasonFrom(play(store, step)));
            expect(await Promise.all(outcomes)).toEqual(expected);
          }
          const entries = await store.registry.entries({}, { size: 100 });
          expect(new Map(entries.map((entry) => [Number(entry.id[1]), entry.revision]))).toEqual(
            new Map([...model.entries].toSorted(([a], [b]) => a - b)),
          );
          expect(await store.registry.countAgents({})).toBe(model.agents.size);
          const leaves = (await store.log.entries({}, { size: 1000 })).toReversed();
          expect(leaves.map(({ index }) => index)).toEqual(leaves.map((_, at) => at));
          const tree = leaves
            .map(({ data }) => leafHash(Buffer.from(data)))
            .reduce(append, emptyTree);
          const { size, root } = openCheckpoint(await store.log.checkpoint(), key);
          expect([size, Buffer.compare(root, rootHash(tree))]).toEqual([leaves.length, 0]);
          await store.close();
        }),
        { numRuns: 15 },
      );
    }, 60_000);
  });
}

import { describe, expect, it } from 'vitest';
import type { CommittedChange } from '../../../src/audit/ledger.ts';
import type { AgentFilter } from '../../../src/registry/reader.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { admin, attest, id, issued, reasonFrom, selectors } from '../builders.ts';
import type { OpenStore } from '../store-suite.ts';

const hash = 'ab'.repeat(32);
const nowSeconds = Date.UTC(2030, 0, 1) / 1000;

export function agentSuite(open: OpenStore): void {
  describe('join tokens', () => {
    it('are kept as a hash until they are used', async () => {
      const { ledger, registry } = await open();
      const token = { hash, expiresAt: nowSeconds + 60, agentId: id('alias') };
      await ledger.commit('join_token.create', token, admin);
      expect(await registry.joinToken(hash)).toEqual(token);
      await ledger.commit('agent.attest', attest({ joinTokenHash: hash }), admin);
      expect(await registry.joinToken(hash)).toBeUndefined();
    });

    it('are made once', async () => {
      const { ledger } = await open();
      const token = { hash, expiresAt: nowSeconds + 60 };
      await ledger.commit('join_token.create', token, admin);
      const again = ledger.commit('join_token.create', token, admin);
      expect(await reasonFrom(again)).toBe('join_token.exists');
    });

    it('attest one of 100 agents that use one at once', async () => {
      const { ledger, registry } = await open();
      await ledger.commit('join_token.create', { hash, expiresAt: nowSeconds + 60 }, admin);
      const reasons = await Promise.all(
        Array.from({ length: 100 }, (_, at) => {
          const input = attest({ id: id(`agent/n${at}`), joinTokenHash: hash });
          return reasonFrom(ledger.commit('agent.attest', input, admin));
        }),
      );
      expect(reasons.filter((reason) => reason === undefined)).toHaveLength(1);
      expect(reasons.filter((reason) => reason === 'join_token.unknown')).toHaveLength(99);
      expect(await registry.countAgents({})).toBe(1);
    });

    it('are gone once somebody tries them too late', async () => {
      const clock = manualClock();
      const { ledger, registry, log } = await open(clock);
      await ledger.commit('join_token.create', { hash, expiresAt: nowSeconds + 60 }, admin);
      clock.advance(60_000);
      const input = attest({ joinTokenHash: hash });
      const late = ledger.commit('agent.attest', input, admin, issued('0a'));
      expect(await reasonFrom(late)).toBe('join_token.expired');
      expect(await registry.joinToken(hash)).toBeUndefined();
      expect(await registry.countAgents({})).toBe(0);
      expect(await log.bySerial('0a')).toBeUndefined();
      const again = ledger.commit('agent.attest', input, admin);
      expect(await reasonFrom(again)).toBe('join_token.unknown');
    });

    it('with a name for their agent make an entry, which goes with the agent', async () => {
      const { ledger, registry } = await open();
      const changes: CommittedChange[] = [];
      ledger.onCommitted((change) => changes.push(change));
      const token = { hash, expiresAt: nowSeconds + 60, agentId: id('alias') };
      await ledger.commit('join_token.create', token, admin);
      const input = attest({ joinTokenHash: hash });
      await ledger.commit('agent.attest', input, admin);
      const [entry] = await registry.entries({}, { size: 10 });
      expect(entry).toMatchObject({
        spiffeId: id('alias'),
        parentId: input.id,
        selectors: [`spiffe_id:${input.id}`],
      });
      await ledger.commit('agent.delete', { id: input.id }, admin);
      expect(await registry.countEntries({})).toBe(0);
      expect(changes.map(({ kind }) => kind)).toEqual([
        'join_token.create',
        'agent.attest',
        'entry.create',
        'agent.delete',
        'entry.delete',
      ]);
      expect(changes[2]?.result).toEqual(entry);
    });
  });

  describe('agents', () => {
    it('are read as they attested', async () => {
      const { ledger, registry } = await open();
      const input = attest({ selectors: selectors('k8s:a', 'k8s:b'), canReattest: true });
      const { result } = await ledger.commit('agent.attest', input, admin);
      expect(result).toEqual({
        id: input.id,
        attestationType: 'join_token',
        standing: { state: 'active', serial: '0a' },
        expiresAt: input.expiresAt,
        selectors: input.selectors,
        canReattest: true,
        version: '',
        attestedAt: Date.UTC(2030, 0, 1),
      });
      expect(await registry.agent(input.id)).toEqual(result);
    });

    it('attest again only if they can', async () => {
      const { ledger } = await open();
      const once = attest({ id: id('agent/once') });
      await ledger.commit('agent.attest', once, admin);
      const again = ledger.commit('agent.attest', once, admin);
      expect(await reasonFrom(again)).toBe('agent.attested');
      const often = attest({ id: id('agent/often'), canReattest: true });
      await ledger.commit('agent.attest', often, admin);
      const later = { ...often, serial: '0b', selectors: selectors('k8s:new') };
      const { result } = await ledger.commit('agent.attest', later, admin);
      expect(result).toMatchObject({ standing: { serial: '0b' }, selectors: ['k8s:new'] });
    });

    it('keep their join token if they may not attest', async () => {
      const { ledger, registry } = await open();
      await ledger.commit('agent.attest', attest(), admin);
      await ledger.commit('join_token.create', { hash, expiresAt: nowSeconds + 60 }, admin);
      const again = ledger.commit('agent.attest', attest({ joinTokenHash: hash }), admin);
      expect(await reasonFrom(again)).toBe('agent.attested');
      expect(await registry.joinToken(hash)).toBeDefined();
    });

    it('use a renewed serial from its first use on', async () => {
      const { ledger } = await open();
      const agent = { id: attest().id };
      await ledger.commit('agent.attest', attest(), admin);
      const renewal = { ...agent, serial: '0b', expiresAt: 1_893_460_000 };
      const renewed = (await ledger.commit('agent.renew', renewal, admin)).result;
      expect(renewed.standing).toEqual({ state: 'active', serial: '0a', pendingSerial: '0b' });
      expect(renewed.expiresAt).toBe(1_893_460_000);
      const used = { ...agent, serial: '0b' };
      const { result, count } = await ledger.commit('agent.activate', used, admin);
      expect([result.standing, count]).toEqual([{ state: 'active', serial: '0b' }, 1]);
    });

    it('may show a current serial any number of times, which changes nothing', async () => {
      const { ledger, log } = await open();
      await ledger.commit('agent.attest', attest(), admin);
      const [size, checkpoint] = [await log.size(), await log.checkpoint()];
      const used = { id: attest().id, serial: '0a' };
      expect(await ledger.commit('agent.activate', used, admin)).toMatchObject({
        count: 0,
        checkpoint,
      });
      expect(await log.size()).toBe(size);
      const unknown = ledger.commit('agent.activate', { ...used, serial: 'ff' }, admin);
      expect(await reasonFrom(unknown)).toBe('agent.not_found');
    });

    it('that are banned stay, and may nothing', async () => {
      const { ledger, registry } = await open();
      const input = attest({ canReattest: true });
      await ledger.commit('agent.attest', input, admin);
      await ledger.commit('agent.ban', { id: input.id }, admin);
      expect((await registry.agent(input.id))?.standing).toEqual({ state: 'banned' });
      const renewal = { id: input.id, serial: '0b', expiresAt: 1 };
      expect(await reasonFrom(ledger.commit('agent.renew', renewal, admin))).toBe('agent.banned');
      expect(await reasonFrom(ledger.commit('agent.attest', input, admin))).toBe('agent.banned');
      const use = { id: input.id, serial: '0a' };
      expect(await reasonFrom(ledger.commit('agent.activate', use, admin))).toBe('agent.banned');
    });

    it('that are evicted may attest anew', async () => {
      const { ledger, registry } = await open();
      await ledger.commit('agent.attest', attest(), admin);
      await ledger.commit('agent.ban', { id: attest().id }, admin);
      await ledger.commit('agent.delete', { id: attest().id }, admin);
      expect(await registry.agent(attest().id)).toBeUndefined();
      expect((await ledger.commit('agent.attest', attest(), admin)).count).toBe(1);
    });

    it.each(['agent.ban', 'agent.delete'] as const)(
      'unknown to us are no matter for %s',
      async (kind) => {
        const { ledger } = await open();
        expect(await reasonFrom(ledger.commit(kind, { id: id('x') }, admin))).toBe(
          'agent.not_found',
        );
      },
    );

    const tables: { filter: AgentFilter; found: string[] }[] = [
      { filter: {}, found: ['a', 'b', 'c'] },
      { filter: { attestationType: 'x509pop' }, found: ['b'] },
      { filter: { banned: true }, found: ['c'] },
      { filter: { banned: false }, found: ['a', 'b'] },
      { filter: { canReattest: true }, found: ['b'] },
      { filter: { expiresBefore: 200 }, found: ['a'] },
      { filter: { selectors: { match: 'any', selectors: selectors('k:1') } }, found: ['a', 'b'] },
      { filter: { selectors: { match: 'exact', selectors: selectors('k:1') } }, found: ['a'] },
      { filter: { selectors: { match: 'exact', selectors: [] } }, found: ['c'] },
      {
        filter: { selectors: { match: 'subset', selectors: selectors('k:1') } },
        found: ['a', 'c'],
      },
    ];

    it('are listed as the filter asks', async () => {
      const { ledger, registry } = await open();
      const inputs = [
        attest({ id: id('a'), expiresAt: 100, selectors: selectors('k:1') }),
        attest({
          id: id('b'),
          expiresAt: 200,
          attestationType: 'x509pop',
          canReattest: true,
          selectors: selectors('k:1', 'k:2'),
        }),
        attest({ id: id('c'), expiresAt: 300 }),
      ];
      for (const input of inputs) await ledger.commit('agent.attest', input, admin);
      await ledger.commit('agent.ban', { id: id('c') }, admin);
      for (const { filter, found } of tables) {
        const agents = await registry.agents(filter, { size: 10 });
        const ids = agents.map((agent) => agent.id);
        expect({ filter, ids }).toEqual({ filter, ids: found.map((path) => id(path)) });
        expect(await registry.countAgents(filter)).toBe(found.length);
      }
    });
  });

  describe('refusals', () => {
    it('change nothing but the log', async () => {
      const { ledger, log } = await open();
      const refusal = { kind: 'admin.denied', reason: 'entry.exists', target: 'entry.create' };
      const { firstIndex } = await ledger.commit('refusal.record', refusal, admin);
      expect((await log.entry(firstIndex))?.data).toContain('"reason":"entry.exists"');
    });

    it('are recorded under the kinds there are', async () => {
      const { ledger } = await open();
      const refusal = { kind: 'x509.issued', reason: 'entry.exists' };
      const recorded = ledger.commit('refusal.record', refusal, admin);
      expect(await reasonFrom(recorded)).toBe('refusal.kind');
    });
  });
}

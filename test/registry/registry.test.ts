import { describe, expect, it, vi } from 'vitest';
import type { EntryFields } from '../../src/registry/entry-draft.ts';
import { joinTokenHash } from '../../src/registry/join-token.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { admin, attest, draft, errorOf, id, reasonFrom } from '../store/builders.ts';
import { type OpenedRegistry, openRegistry } from './rig.ts';

// long on a busy machine
vi.setConfig({ testTimeout: 30_000 });

const nodeId = id('spire/agent/join_token/n1');
const fields: EntryFields = {
  spiffeId: 'spiffe://prod.example/web',
  parentId: nodeId,
  selectors: ['unix:uid:1000'],
};

const attestNode = ({ store }: OpenedRegistry, changes: Parameters<typeof attest>[0] = {}) =>
  store.ledger.commit('agent.attest', attest({ id: nodeId, ...changes }), admin);

const idsFor = (registry: Registry) => registry.authorizedEntries(nodeId).map((entry) => entry.id);

describe('an entry', () => {
  it('is authorised as soon as its creation has an answer, which says where it is in the log', async () => {
    const opened = await openRegistry();
    const { registry, store } = opened;
    await attestNode(opened);
    const size = await store.log.size();
    const created = await registry.createEntry(fields, admin);
    expect(created).toMatchObject({ firstIndex: size, count: 1, result: { revision: 0 } });
    expect(registry.authorizedEntries(nodeId)).toEqual([created.result]);
    expect(registry.authorizedEntry(nodeId, created.result.id)).toEqual(created.result);
    expect(registry.entry(created.result.id)).toEqual(created.result);
    expect(await opened.logged()).toMatchObject([
      { t: 'entry.created', actor: admin.actor, req: admin.requestId },
      { t: 'node.attested' },
      {},
    ]);
  });

  it('is checked before anything is written', async () => {
    const { registry, store } = await openRegistry();
    const size = await store.log.size();
    const bad = { ...fields, spiffeId: 'spiffe://prod.example/spire/server' };
    expect(await reasonFrom(registry.createEntry(bad, admin))).toBe('entry.spiffe_id');
    expect(await reasonFrom(registry.updateEntry('a', bad, 0, admin))).toBe('entry.spiffe_id');
    expect(await store.log.size()).toBe(size);
  });

  it('that exists is named when it is made again', async () => {
    const { registry } = await openRegistry();
    const { result } = await registry.createEntry(fields, admin);
    const error = await errorOf(registry.createEntry({ ...fields, hint: 'x' }, admin));
    expect(error).toMatchObject({ reason: 'entry.exists', details: { id: result.id } });
    expect(registry.entry(result.id)).toEqual(result);
  });

  it('is replaced, if it still is what was read', async () => {
    const { registry } = await openRegistry();
    const { result } = await registry.createEntry({ ...fields, id: 'a' }, admin);
    const changed = { ...fields, hint: 'new' };
    const updated = await registry.updateEntry('a', changed, result.revision, admin);
    expect(updated.result).toMatchObject({ id: 'a', hint: 'new', revision: 1 });
    expect(registry.entry('a')).toEqual(updated.result);
    const late = registry.updateEntry('a', { ...fields, hint: 'late' }, result.revision, admin);
    expect(await reasonFrom(late)).toBe('entry.changed');
    expect(registry.entry('a')).toEqual(updated.result);
  });

  it('keeps its own id when it is replaced, whatever id the fields name', async () => {
    const { registry } = await openRegistry();
    await registry.createEntry({ ...fields, id: 'a' }, admin);
    const { result } = await registry.updateEntry('a', { ...fields, id: 'b' }, undefined, admin);
    expect(result.id).toBe('a');
    expect(registry.entry('b')).toBeUndefined();
  });

  it('is authorised no more once it is deleted', async () => {
    const opened = await openRegistry();
    const { registry } = opened;
    await attestNode(opened);
    await registry.createEntry({ ...fields, id: 'a' }, admin);
    expect(idsFor(registry)).toEqual(['a']);
    await registry.deleteEntry('a', admin);
    expect(idsFor(registry)).toEqual([]);
    expect(registry.authorizedEntry(nodeId, 'a')).toBeUndefined();
    expect(await reasonFrom(registry.deleteEntry('a', admin))).toBe('entry.not_found');
  });

  it('is authorised until it expires', async () => {
    const opened = await openRegistry();
    const { registry, clock } = opened;
    await attestNode(opened);
    const expiresAt = Math.floor(clock.unixMs() / 1000) + 60;
    await registry.createEntry({ ...fields, id: 'a', admin: true, expiresAt }, admin);
    clock.advance(59_999);
    expect(idsFor(registry)).toEqual(['a']);
    expect(registry.entriesOf(id('web'))).toHaveLength(1);
    clock.advance(1);
    expect(idsFor(registry)).toEqual([]);
    expect(registry.authorizedEntry(nodeId, 'a')).toBeUndefined();
    expect(registry.entriesOf(id('web'))).toEqual([]);
  });

  it('of another agent, an unknown agent or an unknown id is not authorised', async () => {
    const opened = await openRegistry();
    const { registry } = opened;
    await attestNode(opened);
    const other = id('spire/agent/join_token/n2');
    await attestNode(opened, { id: other, serial: '0b' });
    await registry.createEntry({ ...fields, id: 'a' }, admin);
    expect(registry.authorizedEntry(other, 'a')).toBeUndefined();
    expect(registry.authorizedEntries(other)).toEqual([]);
    expect(registry.authorizedEntry(id('spire/agent/join_token/n3'), 'a')).toBeUndefined();
    expect(registry.authorizedEntry(nodeId, 'b')).toBeUndefined();
    expect(registry.authorizedEntry(nodeId, 'a')).toMatchObject({ id: 'a' });
  });
});

describe('an agent', () => {
  it('is known as soon as it is attested, with every later standing', async () => {
    const opened = await openRegistry();
    const { registry, store } = opened;
    expect(registry.agent(nodeId)).toBeUndefined();
    await attestNode(opened, { serial: '0a' });
    expect(registry.agent(nodeId)?.standing).toEqual({ state: 'active', serial: '0a' });
    const renewed = { id: nodeId, serial: '0b', expiresAt: 2_000_000_000 };
    await store.ledger.commit('agent.renew', renewed, admin);
    const pending = { state: 'active', serial: '0a', pendingSerial: '0b' };
    expect(registry.agent(nodeId)).toMatchObject({ standing: pending, expiresAt: 2_000_000_000 });
    await registry.activateAgent(nodeId, '0b', admin);
    expect(registry.agent(nodeId)?.standing).toEqual({ state: 'active', serial: '0b' });
  });

  it('that is banned has no entries, and is remembered', async () => {
    const opened = await openRegistry();
    const { registry } = opened;
    await attestNode(opened);
    await registry.createEntry({ ...fields, id: 'a' }, admin);
    await registry.banAgent(nodeId, admin);
    expect(registry.authorizedEntries(nodeId)).toEqual([]);
    expect(registry.authorizedEntry(nodeId, 'a')).toBeUndefined();
    expect(registry.agent(nodeId)?.standing).toEqual({ state: 'banned' });
    expect(await reasonFrom(attestNode(opened))).toBe('agent.banned');
  });

  it('that is evicted is forgotten, and may attest again', async () => {
    const opened = await openRegistry();
    const { registry } = opened;
    await attestNode(opened);
    await registry.createEntry({ ...fields, id: 'a' }, admin);
    await registry.evictAgent(nodeId, admin);
    expect(registry.agent(nodeId)).toBeUndefined();
    expect(registry.authorizedEntries(nodeId)).toEqual([]);
    await attestNode(opened);
    expect(idsFor(registry)).toEqual(['a']);
  });

  it('that was never there can be neither banned nor evicted', async () => {
    const { registry } = await openRegistry();
    expect(await reasonFrom(registry.banAgent(nodeId, admin))).toBe('agent.not_found');
    expect(await reasonFrom(registry.evictAgent(nodeId, admin))).toBe('agent.not_found');
  });
});

describe('a join token', () => {
  it('is drawn, shown once, and kept as its hash alone', async () => {
    const opened = await openRegistry();
    const { registry, store, clock } = opened;
    const { result, firstIndex } = await registry.createJoinToken({ ttlSeconds: 600 }, admin);
    const expiresAt = Math.floor(clock.unixMs() / 1000) + 600;
    expect(result.token).toMatch(/^[0-9a-f-]{36}$/);
    expect(result.expiresAt).toBe(expiresAt);
    const hash = joinTokenHash(result.token);
    expect(await store.registry.joinToken(hash)).toEqual({ hash, expiresAt });
    const [leaf] = await store.log.entries({}, { size: 1 });
    expect(leaf?.index).toBe(firstIndex);
    expect(leaf?.data).toContain(hash);
    expect(leaf?.data).not.toContain(result.token);
  });

  it('may be chosen, and is refused if it was chosen before', async () => {
    const { registry } = await openRegistry();
    const request = { ttlSeconds: 1, token: 'of-my-own' };
    expect((await registry.createJoinToken(request, admin)).result.token).toBe('of-my-own');
    expect(await reasonFrom(registry.createJoinToken(request, admin))).toBe('join_token.exists');
  });

  it('is not made of what it cannot be, and then nothing is written', async () => {
    const { registry, store } = await openRegistry();
    const size = await store.log.size();
    const reasonOf = (request: Partial<Parameters<Registry['createJoinToken']>[0]>) =>
      reasonFrom(registry.createJoinToken({ ttlSeconds: 1, ...request }, admin));
    for (const ttlSeconds of [0, -1, 1.5, Number.NaN, 30 * 86_400 + 1]) {
      expect(await reasonOf({ ttlSeconds })).toBe('join_token.ttl');
    }
    expect(await reasonOf({ token: 'a/b' })).toBe('join_token.malformed');
    expect(await reasonOf({ token: '' })).toBe('join_token.malformed');
    expect(await reasonOf({ agentId: 'spiffe://other/a' })).toBe('entry.trust_domain');
    expect(await reasonOf({ agentId: nodeId })).toBe('entry.spiffe_id');
    expect(await store.log.size()).toBe(size);
    expect(await reasonOf({ ttlSeconds: 30 * 86_400 })).toBeUndefined();
  });

  it('that states an alias gives the agent an entry, until the agent goes', async () => {
    const opened = await openRegistry();
    const { registry } = opened;
    const request = { ttlSeconds: 600, agentId: 'spiffe://prod.example/rack/1' };
    const { result } = await registry.createJoinToken(request, admin);
    await attestNode(opened, { joinTokenHash: joinTokenHash(result.token) });
    await registry.createEntry({ ...fields, id: 'z', parentId: request.agentId }, admin);
    const [alias, below] = registry
      .authorizedEntries(nodeId)
      .toSorted((a, b) => (a.spiffeId < b.spiffeId ? -1 : 1));
    expect(alias).toMatchObject({ spiffeId: request.agentId, parentId: nodeId });
    expect(below).toMatchObject({ id: 'z' });
    await registry.evictAgent(nodeId, admin);
    expect(registry.entriesOf(id('rack/1'))).toEqual([]);
    expect(registry.entry('z')).toMatchObject({ id: 'z' });
  });
});

describe('a refusal', () => {
  it('is written down with its origin', async () => {
    const opened = await openRegistry();
    const refusal = { kind: 'admin.denied', reason: 'caller.denied', target: '/a.B/C' };
    await opened.registry.recordRefusal(refusal, admin);
    const [leaf] = await opened.logged();
    const { actor, requestId: req } = admin;
    expect(leaf).toMatchObject({ t: 'admin.denied', target: '/a.B/C', actor, req });
  });
});

describe('after a restart', () => {
  it('the registry answers as before', async () => {
    const opened = await openRegistry();
    const { registry } = opened;
    await attestNode(opened);
    await attestNode(opened, { id: id('spire/agent/join_token/n2'), serial: '0b' });
    await registry.banAgent(id('spire/agent/join_token/n2'), admin);
    for (const name of ['a', 'b', 'c']) {
      const spiffeId = `spiffe://prod.example/${name}`;
      await registry.createEntry({ ...fields, id: name, spiffeId }, admin);
    }
    await registry.updateEntry('b', { ...fields, parentId: id('a') }, undefined, admin);
    await registry.deleteEntry('c', admin);
    const again = await opened.reopen();
    expect(again.authorizedEntries(nodeId)).toEqual(registry.authorizedEntries(nodeId));
    expect(idsFor(again)).toEqual(['a', 'b']);
    for (const name of ['n1', 'n2']) {
      const agentId = id(`spire/agent/join_token/${name}`);
      expect(again.agent(agentId)).toEqual(registry.agent(agentId));
      expect(again.agent(agentId)).toBeDefined();
    }
  });

  it('none is missing of more entries and agents than one page holds', async () => {
    const opened = await openRegistry();
    const { store } = opened;
    const count = 2000; // two full pages, so that the third is empty
    await Promise.all(
      Array.from({ length: count }, async (_, at) => {
        const agentId = id(`spire/agent/join_token/${at}`);
        const serial = at.toString(16).padStart(4, '0');
        await attestNode(opened, { id: agentId, serial });
        const entry = draft({ id: `e${at}`, spiffeId: id(`w/${at}`), parentId: agentId });
        await store.ledger.commit('entry.create', entry, admin);
      }),
    );
    const registry = await opened.reopen();
    for (let at = 0; at < count; at += 1) {
      const agentId = id(`spire/agent/join_token/${at}`);
      expect(registry.authorizedEntry(agentId, `e${at}`)).toBeDefined();
    }
  });
});

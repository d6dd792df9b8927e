import { describe, expect, it } from 'vitest';
import type { EntryFilter } from '../../../src/registry/reader.ts';
import { admin, draft, errorOf, id, reasonFrom, selectors } from '../builders.ts';
import { hostile } from '../hostile.ts';
import type { OpenStore } from '../store-suite.ts';

export function entrySuite(open: OpenStore): void {
  describe('entries', () => {
    it('are read as they were created, with every field', async () => {
      const { ledger, registry } = await open();
      const full = draft({
        id: 'web-1',
        selectors: selectors('k8s:ns:pay', 'unix:uid:1', 'unix:uid:2'),
        federatesWith: [],
        dnsNames: ['web.example', 'www.example'],
        admin: true,
        downstream: true,
        storeSvid: true,
        hint: 'public',
        expiresAt: 1_900_000_000,
      });
      const { result } = await ledger.commit('entry.create', full, admin);
      expect(result).toEqual({ ...full, revision: 0, createdAt: Date.UTC(2030, 0, 1) / 1000 });
      expect(await registry.entry('web-1')).toEqual(result);
    });

    it('are given an id if they have none', async () => {
      const { ledger, registry } = await open();
      const { result } = await ledger.commit('entry.create', draft(), admin);
      expect(result.id).toMatch(/^[0-9a-f-]{36}$/);
      expect(await registry.entry(result.id)).toEqual(result);
    });

    it('exist once for an ID, a parent and a set of selectors', async () => {
      const { ledger, log } = await open();
      const { result } = await ledger.commit('entry.create', draft(), admin);
      const size = await log.size();
      const error = await errorOf(ledger.commit('entry.create', draft({ hint: 'b' }), admin));
      expect(error).toMatchObject({ reason: 'entry.exists', details: { id: result.id } });
      expect(await log.size()).toBe(size);
      for (const other of [
        draft({ spiffeId: id('b') }),
        draft({ parentId: id('b') }),
        draft({ selectors: selectors('unix:uid:1') }),
      ]) {
        expect((await ledger.commit('entry.create', other, admin)).count).toBe(1);
      }
    });

    it('exist once for an id', async () => {
      const { ledger } = await open();
      await ledger.commit('entry.create', draft({ id: 'a' }), admin);
      const other = draft({ id: 'a', spiffeId: id('other') });
      const error = await errorOf(ledger.commit('entry.create', other, admin));
      expect(error).toMatchObject({ reason: 'entry.exists', details: { id: 'a' } });
    });

    it('are updated as a whole, all but id and time of creation', async () => {
      const { ledger, registry } = await open();
      const before = (await ledger.commit('entry.create', draft({ id: 'a' }), admin)).result;
      const next = draft({ spiffeId: id('b'), selectors: selectors('unix:gid:5'), hint: 'x' });
      const change = { id: 'a', draft: next, revision: 0 };
      const { result } = await ledger.commit('entry.update', change, admin);
      expect(result).toEqual({ ...next, id: 'a', revision: 1, createdAt: before.createdAt });
      expect(await registry.entry('a')).toEqual(result);
    });

    it('are not updated over a change that the caller has not seen', async () => {
      const { ledger, registry } = await open();
      const { result } = await ledger.commit('entry.create', draft({ id: 'a' }), admin);
      const stale = { id: 'a', draft: draft({ hint: 'x' }), revision: 7 };
      expect(await reasonFrom(ledger.commit('entry.update', stale, admin))).toBe('entry.changed');
      expect(await registry.entry('a')).toEqual(result);
    });

    it('are not updated into the twin of another', async () => {
      const { ledger } = await open();
      await ledger.commit('entry.create', draft({ id: 'a' }), admin);
      await ledger.commit('entry.create', draft({ id: 'b', spiffeId: id('b') }), admin);
      const error = await errorOf(
        ledger.commit('entry.update', { id: 'b', draft: draft() }, admin),
      );
      expect(error).toMatchObject({ reason: 'entry.exists', details: { id: 'a' } });
      const same = { id: 'a', draft: draft({ hint: 'still me' }) };
      expect((await ledger.commit('entry.update', same, admin)).result.revision).toBe(1);
    });

    it('are deleted with all that belongs to them', async () => {
      const { ledger, registry } = await open();
      const created = (await ledger.commit('entry.create', draft({ id: 'a' }), admin)).result;
      const { result } = await ledger.commit('entry.delete', { id: 'a' }, admin);
      expect(result).toEqual(created);
      expect(await registry.entry('a')).toBeUndefined();
      expect((await ledger.commit('entry.create', draft({ id: 'a' }), admin)).count).toBe(1);
    });

    it('that do not exist cannot be changed', async () => {
      const { ledger } = await open();
      const update = ledger.commit('entry.update', { id: 'a', draft: draft() }, admin);
      expect(await reasonFrom(update)).toBe('entry.not_found');
      const removal = ledger.commit('entry.delete', { id: 'a' }, admin);
      expect(await reasonFrom(removal)).toBe('entry.not_found');
    });

    it('leave a leaf that says who may have what', async () => {
      const { ledger, log } = await open();
      const wide = draft({ id: 'a', dnsNames: ['x.example'], admin: true });
      const { firstIndex } = await ledger.commit('entry.create', wide, admin);
      const leaf = await log.entry(firstIndex);
      expect(JSON.parse(leaf?.data.split('\n')[1] ?? '')).toMatchObject({
        t: 'entry.created',
        entry: 'a:0',
        spiffe_id: wide.spiffeId,
        parent: wide.parentId,
        selectors: [...wide.selectors],
        dns_names: ['x.example'],
        admin: true,
        actor: 'user:alice',
        req: 'r-1',
      });
    });

    it('that are too long for a leaf are committed to', async () => {
      const { ledger, log, registry } = await open();
      const many = selectors(...Array.from({ length: 900 }, (_, at) => `unix:uid:${10_000 + at}`));
      const { firstIndex } = await ledger.commit(
        'entry.create',
        draft({ id: 'a', selectors: many }),
        admin,
      );
      const leaf = await log.entry(firstIndex);
      expect(leaf?.data).toMatch(/"entry":"a:0","entry_c":"[\w-]{43}"/);
      expect((await registry.entry('a'))?.selectors).toEqual(many);
    });
  });

  describe('lists of entries', () => {
    const sets = [
      { id: 'a', selectors: selectors('unix:uid:1') },
      { id: 'b', selectors: selectors('unix:uid:1', 'unix:uid:2'), hint: 'h' },
      { id: 'c', selectors: selectors('unix:uid:2', 'unix:uid:3'), parentId: id('other') },
      { id: 'd', selectors: selectors('unix:uid:4'), spiffeId: id('d'), downstream: true },
    ];
    const given = selectors('unix:uid:1', 'unix:uid:2');

    const tables: { filter: EntryFilter; found: string }[] = [
      { filter: {}, found: 'abcd' },
      { filter: { spiffeId: id('d') }, found: 'd' },
      { filter: { parentId: id('other') }, found: 'c' },
      { filter: { hint: 'h' }, found: 'b' },
      { filter: { hint: '' }, found: 'acd' },
      { filter: { downstream: true }, found: 'd' },
      { filter: { downstream: false }, found: 'abc' },
      { filter: { selectors: { match: 'exact', selectors: given } }, found: 'b' },
      { filter: { selectors: { match: 'subset', selectors: given } }, found: 'ab' },
      { filter: { selectors: { match: 'superset', selectors: given } }, found: 'b' },
      { filter: { selectors: { match: 'any', selectors: given } }, found: 'abc' },
      { filter: { selectors: { match: 'exact', selectors: [] } }, found: '' },
      { filter: { selectors: { match: 'any', selectors: [] } }, found: '' },
      { filter: { selectors: { match: 'superset', selectors: [] } }, found: 'abcd' },
      { filter: { selectors: { match: 'any', selectors: given }, hint: '' }, found: 'ac' },
    ];

    it('hold what the filter asks for', async () => {
      const { ledger, registry } = await open();
      await Promise.all(sets.map((set) => ledger.commit('entry.create', draft(set), admin)));
      for (const { filter, found } of tables) {
        const entries = await registry.entries(filter, { size: 100 });
        expect({ filter, found: entries.map((entry) => entry.id).join('') }).toEqual({
          filter,
          found,
        });
        expect(await registry.countEntries(filter)).toBe(found.length);
      }
    });

    it('come in pages that miss none and repeat none', async () => {
      const { ledger, registry } = await open();
      const ids = Array.from({ length: 7 }, (_, at) => `e${at}`);
      const drafts = ids.map((each) => draft({ id: each, spiffeId: id(each) }));
      await Promise.all(drafts.map((each) => ledger.commit('entry.create', each, admin)));
      const seen: string[] = [];
      for (let after = ''; ; after = seen.at(-1) ?? '') {
        const page = await registry.entries({}, { size: 3, after });
        if (page.length === 0) break;
        seen.push(...page.map((entry) => entry.id));
      }
      expect(seen).toEqual(ids);
    });

    it('are refused in pages of no size, or too big', async () => {
      const { registry } = await open();
      for (const size of [0, -1, 1001, 1.5, 2 ** 53, Number.NaN]) {
        expect(await reasonFrom(registry.entries({}, { size }))).toBe('query.page');
        expect(await reasonFrom(registry.agents({}, { size }))).toBe('query.page');
      }
    });

    it('take each filter as a value, whatever is in it', async () => {
      const { ledger, registry } = await open();
      await ledger.commit('entry.create', draft({ id: 'a' }), admin);
      for (const text of hostile) {
        const set = selectors(`unix:${text}`);
        await ledger.commit('entry.create', draft({ hint: text, selectors: set }), admin);
        const found = await registry.entries({ hint: text }, { size: 10 });
        expect(found.map(({ hint }) => hint)).toEqual([text]);
        const filter = { selectors: { match: 'exact', selectors: set } } as const;
        expect(await registry.countEntries(filter)).toBe(1);
        expect(await registry.entry(text)).toBeUndefined();
        expect(await registry.joinToken(text)).toBeUndefined();
        const page = { size: 10, after: text };
        expect((await registry.entries({ hint: text }, page)).length).toBeLessThan(2);
      }
      expect(await registry.countEntries({})).toBe(hostile.length + 1);
    });

    it('name at most 256 selectors', async () => {
      const { registry } = await open();
      const many = selectors(...Array.from({ length: 257 }, (_, at) => `unix:uid:${at}`));
      const filter = { selectors: { match: 'any', selectors: many } } as const;
      expect(await reasonFrom(registry.countEntries(filter))).toBe('query.selectors');
    });
  });
}

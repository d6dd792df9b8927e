import { describe, expect, it } from 'vitest';
import type { AuthorityState } from '../../../src/ca/authority.ts';
import type { Store } from '../../../src/store/store.ts';
import { authority, otherCertificate } from '../authority-fixture.ts';
import { admin, authorityId, reasonFrom } from '../builders.ts';
import type { OpenStore } from '../store-suite.ts';

const issuerId = 'b'.repeat(40);
const path = ['active', 'retiring', 'retired'] as const;

async function kindsFrom(store: Store, firstIndex: number): Promise<string[]> {
  const entries = await store.log.entries({}, { size: 100 });
  return entries
    .filter(({ index }) => index >= firstIndex)
    .map(({ data }) => /"t":"([^"]+)"/.exec(data)?.[1] ?? '')
    .toReversed();
}

export function authoritySuite(open: OpenStore): void {
  describe('authorities', () => {
    it('are read as they were created, the oldest first', async () => {
      const { ledger, authorities } = await open();
      const root = authority();
      const issuer = authority({
        id: issuerId,
        role: 'issuer',
        parentId: root.id,
        certificate: otherCertificate,
        createdAt: 1,
      });
      await ledger.commit('authority.create', root, admin);
      await ledger.commit('authority.create', issuer, admin);
      expect(await authorities.authorities()).toEqual([issuer, root]);
    });

    it('record certificate, state and bundle in one unit', async () => {
      const store = await open();
      const input = authority();
      const { firstIndex } = await store.ledger.commit('authority.create', input, admin);
      expect(await kindsFrom(store, firstIndex)).toEqual([
        'ca.cert.issued',
        'authority.prepare',
        'bundle.changed',
      ]);
      expect(await store.log.bySerial('0abc')).toMatchObject({ index: firstIndex });
    });

    it('exist once', async () => {
      const { ledger } = await open();
      await ledger.commit('authority.create', authority(), admin);
      const again = ledger.commit('authority.create', authority(), admin);
      expect(await reasonFrom(again)).toBe('authority.exists');
    });

    it('begin prepared or active, below an authority that is known', async () => {
      const { ledger } = await open();
      const retired = ledger.commit('authority.create', authority({ state: 'retired' }), admin);
      expect(await reasonFrom(retired)).toBe('authority.transition');
      const orphan = authority({ id: issuerId, role: 'issuer', parentId: 'c'.repeat(40) });
      const created = ledger.commit('authority.create', orphan, admin);
      expect(await reasonFrom(created)).toBe('authority.parent');
    });

    it('announce what they are about to sign', async () => {
      const store = await open();
      const intent = { authorityId, parentId: authorityId, tbsHash: 'dGJz', role: 'root' };
      const { firstIndex } = await store.ledger.commit('authority.intent', intent, admin);
      expect(await kindsFrom(store, firstIndex)).toEqual(['ca.cert.intent']);
    });

    it('that are roots raise the sequence when they enter and when they leave the bundle', async () => {
      const { ledger, authorities } = await open();
      const sequences = [await authorities.bundleSequence()];
      await ledger.commit('authority.create', authority(), admin);
      sequences.push(await authorities.bundleSequence());
      for (const to of path) {
        await ledger.commit('authority.transition', { id: authorityId, to }, admin);
        sequences.push(await authorities.bundleSequence());
      }
      expect(sequences).toEqual([0, 1, 1, 1, 2]);
    });

    it('that are issuers leave the bundle alone', async () => {
      const { ledger, authorities } = await open();
      await ledger.commit('authority.create', authority(), admin);
      const issuer = authority({ id: issuerId, role: 'issuer', parentId: authorityId });
      // One issuer gives a serial once, whoever it is for.
      const twin = ledger.commit('authority.create', issuer, admin);
      expect(await reasonFrom(twin)).toBe('store.duplicate_serial');
      const other = { ...issuer, certificate: otherCertificate };
      await ledger.commit('authority.create', other, admin);
      for (const to of path) {
        await ledger.commit('authority.transition', { id: issuerId, to }, admin);
      }
      const tainted = { id: issuerId, to: 'tainted' } as const;
      expect((await ledger.commit('authority.transition', tainted, admin)).count).toBe(1);
      expect(await authorities.bundleSequence()).toBe(1);
    });

    const states: AuthorityState[] = ['prepared', ...path, 'tainted', 'revoked'];
    const allowed: Record<string, AuthorityState[]> = {
      prepared: ['active', 'tainted'],
      active: ['retiring', 'tainted'],
      retiring: ['retired', 'tainted'],
      retired: [],
      tainted: ['revoked'],
      revoked: [],
    };
    const ways: Record<string, AuthorityState[]> = {
      prepared: [],
      active: ['active'],
      retiring: ['active', 'retiring'],
      retired: [...path],
      tainted: ['tainted'],
      revoked: ['tainted', 'revoked'],
    };
    it.each(states)('that are roots go from %s only where they may', async (from) => {
      const { ledger, authorities } = await open();
      for (const to of states) {
        const id = states.indexOf(to).toString().repeat(40);
        // Self-signed, so that no two have one issuer and one serial.
        await ledger.commit('authority.create', authority({ id }), admin);
        for (const step of ways[from] ?? []) {
          await ledger.commit('authority.transition', { id, to: step }, admin);
        }
        const before = await authorities.authorities();
        const reason = await reasonFrom(ledger.commit('authority.transition', { id, to }, admin));
        expect(reason).toBe(allowed[from]?.includes(to) ? undefined : 'authority.transition');
        const after = reason === undefined ? before : await authorities.authorities();
        expect(after).toEqual(before);
      }
    });

    it('that do not exist cannot change', async () => {
      const { ledger } = await open();
      const change = { id: authorityId, to: 'active' } as const;
      const moved = ledger.commit('authority.transition', change, admin);
      expect(await reasonFrom(moved)).toBe('authority.not_found');
    });
  });
}

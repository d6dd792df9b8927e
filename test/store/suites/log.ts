import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../../src/audit/checkpoint.ts';
import type { LogQuery } from '../../../src/audit/log-reader.ts';
import { leafHash } from '../../../src/audit/merkle.ts';
import { noteSigner } from '../../../src/audit/note-key.ts';
import { packLeaves } from '../../../src/audit/packed-leaves.ts';
import { extendsTree, includes } from '../../../src/audit/proof.ts';
import { logPrivateKey } from '../../vectors/audit.ts';
import { issued, issuedLeaf, logOrigin, reasonFrom, serialsFrom } from '../builders.ts';
import { hostile } from '../hostile.ts';
import type { OpenStore } from '../store-suite.ts';

const { key } = noteSigner(logOrigin, logPrivateKey);

/** Ten leaves that differ in every column that is searched. */
const varied = Array.from({ length: 10 }, (_, at) =>
  issuedLeaf(serialsFrom(at, 1)[0] ?? '', {
    ts: 1000 + at,
    spiffe_id: `spiffe://prod.example/w${at % 2}`,
    node: `spiffe://prod.example/n${at % 3}`,
    entry: `e${at % 5}:${at}`,
    actor: at === 9 ? 'user:bob' : 'user:alice',
    ...(at === 8 ? { t: 'node.renewed' } : {}),
  }),
);

export function logSuite(open: OpenStore): void {
  describe('the log', () => {
    it('begins with log.init, under a checkpoint', async () => {
      const { log } = await open();
      expect((await log.entry(0))?.data).toContain('"t":"log.init"');
      expect(openCheckpoint(await log.checkpoint(), key).size).toBe(1);
    });

    it('gives back the exact bytes that were hashed', async () => {
      const { ledger, log } = await open();
      const leaf = issuedLeaf('0a');
      const { firstIndex } = await ledger.append(packLeaves([leaf]));
      const entry = await log.entry(firstIndex);
      expect(entry).toEqual({
        index: firstIndex,
        leafHash: Buffer.from(leafHash(leaf)).toString('hex'),
        data: Buffer.from(leaf).toString(),
      });
      expect(await log.bySerial('0a')).toEqual(entry);
    });

    it('has no entry where there is none', async () => {
      const { log } = await open();
      for (const index of [-1, 0.5, 99, Number.NaN, 2 ** 60]) {
        expect(await log.entry(index)).toBeUndefined();
      }
    });

    it('proves what it holds, and that it only grew', async () => {
      const { ledger, log } = await open();
      const before = openCheckpoint(await log.checkpoint(), key);
      await ledger.append(issued(...serialsFrom(0, 300)));
      const middle = openCheckpoint(await log.checkpoint(), key);
      await ledger.append(issued(...serialsFrom(1000, 400)));
      const after = openCheckpoint(await log.checkpoint(), key);
      for (const index of [0, 1, 255, 256, 511, 512, 700]) {
        const entry = await log.entry(index);
        const leaf = leafHash(Buffer.from(entry?.data ?? ''));
        const proof = await log.inclusionProof(index);
        expect(includes(leaf, proof, after.root)).toBe(true);
      }
      const old = await log.inclusionProof(0, middle.size);
      const init = leafHash(Buffer.from((await log.entry(0))?.data ?? ''));
      expect(includes(init, old, middle.root)).toBe(true);
      for (const from of [before, middle, after]) {
        const proof = await log.consistencyProof(from.size, after.size);
        expect(extendsTree(proof, from.root, after.root)).toBe(true);
      }
    });

    it('proves nothing beyond its size', async () => {
      const { log } = await open();
      expect(await reasonFrom(log.inclusionProof(1))).toBe('proof.range');
      expect(await reasonFrom(log.inclusionProof(0, 2))).toBe('proof.range');
      expect(await reasonFrom(log.consistencyProof(1, 2))).toBe('proof.range');
      expect(await reasonFrom(log.consistencyProof(-1, 1))).toBe('proof.range');
    });

    const tables: { query: LogQuery; found: number[] }[] = [
      { query: {}, found: [10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0] },
      { query: { kind: 'x509.issued' }, found: [10, 8, 7, 6, 5, 4, 3, 2, 1] },
      { query: { kind: 'node.renewed' }, found: [9] },
      { query: { spiffeId: 'spiffe://prod.example/w1' }, found: [10, 8, 6, 4, 2] },
      { query: { node: 'spiffe://prod.example/n0' }, found: [10, 7, 4, 1] },
      { query: { entry: 'e2' }, found: [8, 3] },
      { query: { actor: 'user:bob' }, found: [10] },
      { query: { serial: '0'.repeat(31) + '4' }, found: [5] },
      { query: { sinceMs: 1003, untilMs: 1006 }, found: [6, 5, 4] },
      { query: { actor: 'user:alice', entry: 'e4' }, found: [5] },
      { query: { node: 'spiffe://prod.example/n0', untilMs: 1004 }, found: [4, 1] },
      { query: { actor: 'nobody' }, found: [] },
    ];

    it('finds what a query asks for, the newest first', async () => {
      const { ledger, log } = await open();
      await ledger.append(packLeaves(varied));
      for (const { query, found } of tables) {
        const entries = await log.entries(query, { size: 100 });
        expect({ query, found: entries.map(({ index }) => index) }).toEqual({ query, found });
      }
    });

    it('finds as much in its search index as in its newest entries', async () => {
      const { ledger, log } = await open();
      await ledger.append(packLeaves(varied));
      const queries: LogQuery[] = [
        { actor: 'user:alice' },
        { actor: 'user:alice', entry: 'e4' },
        { node: 'spiffe://prod.example/n0', untilMs: 1004 },
        { actor: 'nobody' },
      ];
      const ask = () => Promise.all(queries.map((query) => log.entries(query, { size: 100 })));
      const before = await ask();
      // Enough for the index to be built, one slice a batch.
      for (let at = 0; at < 13; at += 1)
        await ledger.append(issued(...serialsFrom(at * 1000 + 100, 1000)));
      expect(await ask()).toEqual(before);
      const page = { size: 3, before: 6 };
      const indexes = (await log.entries({ actor: 'user:alice' }, page)).map(({ index }) => index);
      expect(indexes).toEqual([5, 4, 3]);
    });

    it('comes in pages that miss none and repeat none', async () => {
      const { ledger, log } = await open();
      await ledger.append(issued(...serialsFrom(0, 20)));
      const seen: number[] = [];
      for (let before = 21; before > 0; before = seen.at(-1) ?? 0) {
        const page = await log.entries({}, { size: 6, before });
        seen.push(...page.map(({ index }) => index));
      }
      expect(seen).toEqual(Array.from({ length: 21 }, (_, at) => 20 - at));
    });

    it('is refused in pages of no size, or too big', async () => {
      const { log } = await open();
      for (const size of [0, -1, 1001, 0.1, Number.NaN]) {
        expect(await reasonFrom(log.entries({}, { size }))).toBe('query.page');
      }
      expect(await reasonFrom(log.entries({}, { size: 1, before: -1 }))).toBe('query.page');
    });

    it('takes each filter as a value, whatever is in it', async () => {
      const { ledger, log } = await open();
      const leaves = hostile.map((text) =>
        issuedLeaf('0a', { t: 'k', actor: text, node: text, spiffe_id: text }),
      );
      await ledger.append(packLeaves(leaves));
      for (const [at, text] of hostile.entries()) {
        for (const name of ['actor', 'node', 'spiffeId'] as const) {
          const found = await log.entries({ [name]: text }, { size: 10 });
          expect(found.map(({ index }) => index)).toEqual([at + 1]);
        }
        for (const name of ['kind', 'serial', 'entry'] as const) {
          expect(await log.entries({ [name]: text }, { size: 10 })).toEqual([]);
        }
        expect(await log.bySerial(text)).toBeUndefined();
      }
    });
  });
}

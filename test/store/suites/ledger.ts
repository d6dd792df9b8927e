import { describe, expect, it } from 'vitest';
import { packLeaves } from '../../../src/audit/packed-leaves.ts';
import { openCheckpoint } from '../../../src/audit/checkpoint.ts';
import { noteSigner } from '../../../src/audit/note-key.ts';
import { logPrivateKey } from '../../vectors/audit.ts';
import {
  admin,
  attest,
  draft,
  id,
  issued,
  issuedLeaf,
  logOrigin,
  reasonFrom,
  serialsFrom,
} from '../builders.ts';
import type { OpenStore } from '../store-suite.ts';

const { key } = noteSigner(logOrigin, logPrivateKey);

export function ledgerSuite(open: OpenStore): void {
  describe('the ledger', () => {
    it('gives the leaves of a unit neighbouring indexes, under a checkpoint that holds them', async () => {
      const { ledger, log } = await open();
      const receipts = await Promise.all(
        [3, 1, 4, 1, 5].map((count, at) => ledger.append(issued(...serialsFrom(at * 16, count)))),
      );
      let next = 1;
      for (const { firstIndex, count, checkpoint } of receipts) {
        expect(firstIndex).toBe(next);
        next += count;
        expect(openCheckpoint(checkpoint, key).size).toBeGreaterThanOrEqual(next);
      }
      expect(await log.size()).toBe(next);
      expect(await log.checkpoint()).toBe(receipts.at(-1)?.checkpoint);
    });

    it('commits a change and the leaves given with it, in this order, or neither', async () => {
      const { ledger, log, registry } = await open();
      const done = await ledger.commit('agent.attest', attest(), admin, issued('0a'));
      expect(done.count).toBe(2);
      expect(await log.bySerial('0a')).toMatchObject({ index: done.firstIndex + 1 });
      const other = attest({ id: id('agent/n2') });
      const refused = ledger.commit('agent.attest', other, admin, issued('0b', '0a'));
      expect(await reasonFrom(refused)).toBe('store.duplicate_serial');
      expect(await registry.agent(other.id)).toBeUndefined();
      expect(await log.bySerial('0b')).toBeUndefined();
    });

    it('refuses the second use of a serial by one issuer, to that unit alone', async () => {
      const { ledger, log } = await open();
      const reasons = await Promise.all(
        [issued('0a'), issued('0b', '0a', '0c'), issued('0d')].map((leaves) =>
          reasonFrom(ledger.append(leaves)),
        ),
      );
      expect(reasons).toEqual([undefined, 'store.duplicate_serial', undefined]);
      expect(await log.size()).toBe(3);
      const otherIssuer = packLeaves([issuedLeaf('0a', { ca: 'f'.repeat(40) })]);
      expect(await reasonFrom(ledger.append(otherIssuer))).toBeUndefined();
    });

    it('rolls back one refused unit in the middle of a batch, over the edge of a tile', async () => {
      const { ledger, log } = await open();
      await ledger.append(issued(...serialsFrom(0, 200)));
      const [before, refused, after] = await Promise.all([
        ledger.append(issued(...serialsFrom(1000, 40))),
        reasonFrom(ledger.append(issued(...serialsFrom(2000, 100), ...serialsFrom(0, 1)))),
        ledger.append(issued(...serialsFrom(3000, 300))),
      ]);
      expect(refused).toBe('store.duplicate_serial');
      expect(after.firstIndex).toBe(before.firstIndex + 40);
      const { hashes } = await log.consistencyProof(before.firstIndex, await log.size());
      expect(hashes.length).toBeGreaterThan(0);
    });

    it('tells listeners in the order of the log, before the promise resolves', async () => {
      const { ledger } = await open();
      const told: number[] = [];
      ledger.onCommitted(({ receipt }) => told.push(receipt.firstIndex));
      const drafts = Array.from({ length: 20 }, (_, at) => draft({ spiffeId: id(`w${at}`) }));
      const seen = await Promise.all(
        drafts.map(async (each) => {
          const { firstIndex } = await ledger.commit('entry.create', each, admin);
          return told.includes(firstIndex);
        }),
      );
      expect(seen).not.toContain(false);
      expect(told).toEqual(told.toSorted((a, b) => a - b));
      expect(told).toHaveLength(20);
    });

    it('goes on when a listener fails', async () => {
      const { ledger } = await open();
      ledger.onCommitted(() => {
        throw new Error('a listener with a fault');
      });
      expect((await ledger.commit('entry.create', draft(), admin)).count).toBe(1);
    });

    it('tells listeners nothing of what was refused', async () => {
      const { ledger } = await open();
      const told: string[] = [];
      ledger.onCommitted(({ kind }) => told.push(kind));
      await reasonFrom(ledger.commit('entry.delete', { id: 'x' }, admin));
      expect(told).toEqual([]);
    });

    it('lets no more wait than it has room for', async () => {
      const { ledger, log } = await open();
      const full = ledger.append(issued(...serialsFrom(0, 4096)));
      const over = ledger.append(issued('ff'));
      expect(await reasonFrom(over)).toBe('store.overloaded');
      await full;
      expect(await reasonFrom(ledger.append(issued('ff')))).toBeUndefined();
      expect(await log.size()).toBe(4098);
      const tooMany = ledger.append(issued(...serialsFrom(10_000, 4097)));
      expect(await reasonFrom(tooMany)).toBe('store.overloaded');
    });

    it('refuses leaves that are no leaves, to their unit alone', async () => {
      const { ledger } = await open();
      const [broken, unreadable, good] = await Promise.all([
        reasonFrom(ledger.append({ ...issued('0a'), count: 2 })),
        reasonFrom(ledger.append(packLeaves([Buffer.from('no leaf')]))),
        reasonFrom(ledger.append(issued('0b'))),
      ]);
      expect([broken, unreadable, good]).toEqual(['leaf.packing', 'leaf.malformed', undefined]);
    });

    it('refuses a change that it does not know', async () => {
      const { ledger } = await open();
      const kind = 'constructor' as 'entry.delete';
      expect(await reasonFrom(ledger.commit(kind, { id: 'x' }, admin))).toBe('store.change');
    });

    it('makes durable what was begun before it is closed, and nothing after', async () => {
      const store = await open();
      const begun = store.ledger.append(issued('0a'));
      const closed = store.close();
      expect(await reasonFrom(store.ledger.append(issued('0b')))).toBe('store.unavailable');
      expect((await begun).count).toBe(1);
      await closed;
      expect(await reasonFrom(store.ledger.append(issued('0c')))).toBe('store.unavailable');
      expect(await reasonFrom(store.log.size())).toBe('store.unavailable');
    });
  });
}

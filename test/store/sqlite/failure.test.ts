import { onTestFinished, describe, expect, it } from 'vitest';
import { noteSigner } from '../../../src/audit/note-key.ts';
import { verifyLog } from '../../../src/audit/verify.ts';
import { openLogSource } from '../../../src/store/sqlite/log-source.ts';
import type { Store } from '../../../src/store/store.ts';
import { logPrivateKey } from '../../vectors/audit.ts';
import { authority } from '../authority-fixture.ts';
import {
  admin,
  databaseFile,
  draft,
  errorOf,
  id,
  issued,
  logOrigin,
  reasonFrom,
  serialsFrom,
} from '../builders.ts';
import { execute } from './damage.ts';
import { openFixture } from './log-fixture.ts';

const { key } = noteSigner(logOrigin, logPrivateKey);

async function opened(): Promise<{ file: string; store: Store }> {
  const file = databaseFile();
  const store = await openFixture(file);
  onTestFinished(() => store.close());
  await store.ledger.commit('authority.create', authority(), admin);
  return { file, store };
}

function expectSound(file: string): void {
  using source = openLogSource(file);
  expect([...verifyLog(source, key)]).toEqual([]);
}

const failWhen = (table: string, event: string, condition: string) =>
  `CREATE TRIGGER fault BEFORE ${event} ON ${table} WHEN ${condition}
   BEGIN SELECT RAISE(ABORT, 'injected'); END`;

describe('a failing insert', () => {
  it('releases nothing of its batch, and the store recovers by itself', async () => {
    const { file, store } = await opened();
    const { ledger, log, registry } = store;
    const before = await log.checkpoint();
    execute(file, failWhen('log_entry', 'INSERT', 'NEW.idx = 300'));
    const reasons = await Promise.all([
      reasonFrom(ledger.append(issued(...serialsFrom(0, 100)))),
      reasonFrom(ledger.commit('entry.create', draft(), admin)),
      reasonFrom(ledger.append(issued(...serialsFrom(100, 300)))),
      reasonFrom(ledger.append(issued('ff'))),
    ]);
    expect(reasons).toEqual(Array.from({ length: 4 }, () => 'store.unavailable'));
    expect(await log.checkpoint()).toBe(before);
    expect(await registry.countEntries({})).toBe(0);
    expect(await log.bySerial('ff')).toBeUndefined();

    const stillFailing = ledger.append(issued(...serialsFrom(0, 400)));
    expect(await reasonFrom(stillFailing)).toBe('store.unavailable');
    execute(file, 'DROP TRIGGER fault');
    expect((await ledger.append(issued(...serialsFrom(0, 400)))).firstIndex).toBe(4);
    expect((await ledger.commit('entry.create', draft(), admin)).firstIndex).toBe(404);
    expectSound(file);
  });

  it('goes on with smaller batches meanwhile', async () => {
    const { file, store } = await opened();
    execute(file, failWhen('log_entry', 'INSERT', "NEW.serial = '0b'"));
    expect(await reasonFrom(store.ledger.append(issued('0b')))).toBe('store.unavailable');
    expect((await store.ledger.append(issued('0a'))).firstIndex).toBe(4);
    expectSound(file);
  });

  it('says nothing of SQL to the caller, and keeps the cause for the log', async () => {
    const { file, store } = await opened();
    execute(file, failWhen('log_entry', 'INSERT', '1'));
    const error = await errorOf(store.ledger.append(issued('0a')));
    expect(error).toMatchObject({ code: 'unavailable', details: {} });
    expect(error?.message).not.toContain('injected');
    expect(String(error?.cause)).toContain('injected');
  });

  it('of a registry row rolls its whole batch back', async () => {
    const { file, store } = await opened();
    execute(file, failWhen('entry_selector', 'INSERT', '1'));
    const [created, appended] = await Promise.all([
      reasonFrom(store.ledger.commit('entry.create', draft(), admin)),
      reasonFrom(store.ledger.append(issued('0a'))),
    ]);
    expect([created, appended]).toEqual(['store.unavailable', 'store.unavailable']);
    execute(file, 'DROP TRIGGER fault');
    expect((await store.ledger.commit('entry.create', draft(), admin)).firstIndex).toBe(4);
    expectSound(file);
  });
});

describe('a root that was signed but not committed', () => {
  it('stays the only one for its size', async () => {
    const { file, store } = await opened();
    const { ledger, log } = store;
    // Checkpoints are signed before the head moves.
    execute(file, failWhen('log_head', 'UPDATE', '1'));
    expect(await reasonFrom(ledger.append(issued('0a')))).toBe('store.unavailable');
    execute(file, 'DROP TRIGGER fault');
    const { count, firstIndex } = await ledger.append(issued('0b'));
    expect([firstIndex, count, await log.size()]).toEqual([4, 1, 6]);
    expect((await log.entry(5))?.data).toContain('"size":5,"t":"log.resumed"');
    expect((await ledger.append(issued('0a'))).firstIndex).toBe(6);
    expectSound(file);
  });

  it('is taken up again by the same leaves', async () => {
    const { file, store } = await opened();
    execute(file, failWhen('log_head', 'UPDATE', '1'));
    expect(await reasonFrom(store.ledger.append(issued('0a')))).toBe('store.unavailable');
    execute(file, 'DROP TRIGGER fault');
    await store.ledger.append(issued('0a'));
    expect(await store.log.size()).toBe(5);
    expectSound(file);
  });
});

describe('another writer', () => {
  it('that takes over the head stops this one for good', async () => {
    const { file, store } = await opened();
    execute(file, 'UPDATE log_head SET epoch = epoch + 1');
    for (const serial of ['0a', '0b']) {
      const error = await errorOf(store.ledger.append(issued(serial)));
      expect(error?.reason).toBe('store.unavailable');
      expect(String(error?.cause)).toContain('another writer');
    }
    expect(await store.log.size()).toBe(4);
  });

  it('cannot change what is in the log, unless it means to', async () => {
    const { file, store } = await opened();
    await store.ledger.append(issued(...serialsFrom(0, 256)));
    for (const table of ['log_entry', 'log_tile', 'checkpoint']) {
      expect(() => execute(file, `UPDATE ${table} SET shard = 2`)).toThrow('append only');
      expect(() => execute(file, `DELETE FROM ${table}`)).toThrow('append only');
    }
    expectSound(file);
  });
});

describe('an input that cannot be sent to the writer', () => {
  it('is refused, and the next is not', async () => {
    const { store } = await opened();
    const odd = { ...draft(), hint: (() => 'x') as unknown as string };
    const refused = store.ledger.commit('entry.create', odd, admin);
    expect(await reasonFrom(refused)).toBe('store.unavailable');
    expect((await store.ledger.commit('entry.create', draft(), admin)).firstIndex).toBe(4);
  });

  it('fails alone where it makes a change fail', async () => {
    const { store } = await opened();
    const odd = { ...draft({ spiffeId: id('odd') }), selectors: 5 as unknown as [] };
    const [broken, good] = await Promise.all([
      reasonFrom(store.ledger.commit('entry.create', odd, admin)),
      reasonFrom(store.ledger.commit('entry.create', draft(), admin)),
    ]);
    expect([broken, good]).toEqual(['internal', undefined]);
  });
});

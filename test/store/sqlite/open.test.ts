import Database from 'better-sqlite3';
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { openSqliteStore, type SqliteStoreOptions } from '../../../src/store/sqlite/open.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { logPrivateKey } from '../../vectors/audit.ts';
import { admin, databaseFile, draft, errorOf, issued, logOrigin, reasonFrom } from '../builders.ts';
import { execute } from './damage.ts';

const options = (changes: Partial<SqliteStoreOptions> = {}): SqliteStoreOptions => ({
  file: databaseFile(),
  origin: logOrigin,
  logKey: logPrivateKey,
  clock: manualClock(),
  ...changes,
});

describe('openSqliteStore', () => {
  it('finds again what was committed before', async () => {
    const setup = options();
    const first = await openSqliteStore(setup);
    const { result } = await first.ledger.commit('entry.create', draft(), admin);
    const checkpoint = await first.log.checkpoint();
    await first.close();
    const second = await openSqliteStore(setup);
    expect(await second.registry.entry(result.id)).toEqual(result);
    expect(await second.log.checkpoint()).toBe(checkpoint);
    expect((await second.ledger.append(issued('0a'))).firstIndex).toBe(2);
    await second.close();
  });

  it('lets one store use a file, until it is closed', async () => {
    const setup = options();
    const first = await openSqliteStore(setup);
    expect(await reasonFrom(openSqliteStore(setup))).toBe('store.locked');
    expect(await reasonFrom(first.ledger.append(issued('0a')))).toBeUndefined();
    await first.close();
    const second = await openSqliteStore(setup);
    await second.close();
  });

  it('refuses a file that another program is writing', async () => {
    const setup = options();
    await (await openSqliteStore(setup)).close();
    const other = new Database(setup.file);
    other.exec('BEGIN IMMEDIATE');
    expect(await reasonFrom(openSqliteStore(setup))).toBe('store.locked');
    other.close();
    await (await openSqliteStore(setup)).close();
  });

  it('refuses a log of another origin or another key', async () => {
    const setup = options();
    await (await openSqliteStore(setup)).close();
    const renamed = { ...setup, origin: 'other.example/log' };
    expect(await reasonFrom(openSqliteStore(renamed))).toBe('store.origin');
    const { privateKey: logKey } = generateKeyPairSync('ed25519');
    expect(await reasonFrom(openSqliteStore({ ...setup, logKey }))).toBe('store.log_key');
  });

  it('refuses a schema that is newer than itself, and says how much', async () => {
    const setup = options();
    await (await openSqliteStore(setup)).close();
    execute(setup.file, "INSERT INTO schema_version VALUES (99, 'future')");
    const error = await errorOf(openSqliteStore(setup));
    expect(error).toMatchObject({ reason: 'store.schema', details: { found: 99, known: 4 } });
  });

  it('refuses a key that cannot sign notes', async () => {
    const { privateKey: logKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect(await reasonFrom(openSqliteStore(options({ logKey })))).toBe('note.key');
  });

  it('refuses a file that is no database', async () => {
    const setup = options();
    const { writeFileSync } = await import('node:fs');
    writeFileSync(
      setup.file,
      'not a database, but long enough to have a header of sorts'.repeat(20),
    );
    expect(await reasonFrom(openSqliteStore(setup))).toBe('internal');
  });

  it('may be closed twice', async () => {
    const store = await openSqliteStore(options());
    await store.close();
    await store.close();
    expect(await reasonFrom(store.ledger.append(issued('0a')))).toBe('store.unavailable');
  });

  it('makes every commit durable before it answers', async () => {
    const setup = options();
    const store = await openSqliteStore(setup);
    await store.ledger.append(issued('0a'));
    // Read by another connection, from the file alone.
    const other = new Database(setup.file, { readonly: true });
    expect(other.prepare('SELECT size FROM log_head').pluck().get()).toBe(2);
    expect(other.pragma('journal_mode', { simple: true })).toBe('wal');
    other.close();
    await store.close();
  });
});

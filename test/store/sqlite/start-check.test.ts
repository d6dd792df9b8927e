import type { Database } from 'better-sqlite3';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reasonFrom } from '../builders.ts';
import { flip, tamper } from './damage.ts';
import { copyOf, openFixture, writeLog } from './log-fixture.ts';

const directory = mkdtempSync(join(tmpdir(), 'signet-log-'));
const original = join(directory, 'signet.db');
beforeAll(() => writeLog(original));
afterAll(() => rmSync(directory, { recursive: true }));
const logFile = () => copyOf(original);

describe('a store', () => {
  it.each<{ what: string; change: (database: Database) => void; reason: string }>([
    {
      what: 'a body of the newest entries was altered',
      change: (db) => flip(db, 'log_entry', 'body', 'idx = 690'),
      reason: 'store.entry_damaged',
    },
    {
      what: 'an entry of the open tile is missing',
      change: (db) => void db.exec('DELETE FROM log_entry WHERE idx = 690'),
      reason: 'store.head_damaged',
    },
    {
      what: 'there is an entry beyond the head',
      change: (db) =>
        void db.exec(`INSERT INTO log_entry (shard, idx, leaf_hash, kind, ts)
        VALUES (1, 700, zeroblob(32), 'k', 1)`),
      reason: 'store.head_damaged',
    },
    {
      what: 'a tile was altered',
      change: (db) => flip(db, 'log_tile', 'data', 'n = 0'),
      reason: 'store.head_damaged',
    },
    {
      what: 'a tile is missing',
      change: (db) => void db.exec('DELETE FROM log_tile WHERE n = 0'),
      reason: 'store.head_damaged',
    },
    {
      what: 'the head was altered',
      change: (db) => flip(db, 'log_head', 'root', 'shard = 1'),
      reason: 'store.head_damaged',
    },
    {
      what: 'the newest checkpoint is gone',
      change: (db) => void db.exec('DELETE FROM checkpoint WHERE size = 700'),
      reason: 'store.checkpoint_damaged',
    },
    {
      what: 'the newest checkpoint was altered',
      change: (db) =>
        void db.exec("UPDATE checkpoint SET note = replace(note, '\n700\n', '\n701\n')"),
      reason: 'store.checkpoint_damaged',
    },
  ])('does not open when $what', async ({ change, reason }) => {
    const file = logFile();
    tamper(file, change);
    expect(await reasonFrom(openFixture(file))).toBe(reason);
  });
});

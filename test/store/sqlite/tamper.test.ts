import type { Database } from 'better-sqlite3';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signCheckpoint } from '../../../src/audit/checkpoint.ts';
import type { Finding } from '../../../src/audit/finding.ts';
import { append, emptyTree, leafHash } from '../../../src/audit/merkle.ts';
import { noteSigner } from '../../../src/audit/note-key.ts';
import { packLeaves } from '../../../src/audit/packed-leaves.ts';
import { verifyLog } from '../../../src/audit/verify.ts';
import { openLogSource } from '../../../src/store/sqlite/log-source.ts';
import { admin, authorityId, databaseFile, issued, issuedLeaf, logOrigin } from '../builders.ts';
import { logPrivateKey } from '../../vectors/audit.ts';
import { flip, tamper } from './damage.ts';
import { copyOf, openFixture, writeLog } from './log-fixture.ts';

const signer = noteSigner(logOrigin, logPrivateKey);

const directory = mkdtempSync(join(tmpdir(), 'signet-log-'));
const original = join(directory, 'signet.db');
beforeAll(() => writeLog(original));
afterAll(() => rmSync(directory, { recursive: true }));
const logFile = () => copyOf(original);

function findings(file: string, saved: readonly string[] = []): Finding[] {
  using source = openLogSource(file);
  return [...verifyLog(source, signer.key, { saved })];
}

const problems = (file: string, saved?: readonly string[]) =>
  findings(file, saved).map(({ problem, at, what }) =>
    [problem, at, what].filter((x) => x !== undefined).join(' '),
  );

const swap = (a: number, b: number) => `
  UPDATE log_entry SET idx = -1 WHERE idx = ${a};
  UPDATE log_entry SET idx = ${a} WHERE idx = ${b};
  UPDATE log_entry SET idx = ${b} WHERE idx = -1;`;

describe('the verifier', () => {
  it('finds nothing in a log that nobody touched, also while a store has it open', async () => {
    const file = logFile();
    expect(problems(file)).toEqual([]);
    const store = await openFixture(file);
    await store.ledger.append(issued('ff'));
    expect(problems(file)).toEqual([]);
    const saved = await store.log.checkpoint();
    await store.close();
    expect(problems(file, [saved])).toEqual([]);
  });

  it.each<{ what: string; change: (database: Database) => void; found: string[] }>([
    {
      what: 'a byte of a body changed',
      change: (db) => flip(db, 'log_entry', 'body', 'idx = 300'),
      found: ['entry.body 300'],
    },
    {
      what: 'a byte of a body in the open tile changed',
      change: (db) => flip(db, 'log_entry', 'body', 'idx = 690'),
      found: ['entry.body 690'],
    },
    {
      what: 'a row deleted',
      change: (db) => void db.exec('DELETE FROM log_entry WHERE idx = 300'),
      found: ['entry.missing 300'],
    },
    {
      what: 'the newest row deleted',
      change: (db) => void db.exec('DELETE FROM log_entry WHERE idx = 699'),
      found: ['entry.missing 699', 'checkpoint.root 700', 'head.root 700', 'head.range 700'],
    },
    {
      what: 'two rows swapped',
      change: (db) => void db.exec(swap(300, 310)),
      found: ['entry.moved 300', 'entry.moved 310'],
    },
    {
      what: 'two rows of the open tile swapped',
      change: (db) => void db.exec(swap(640, 650)),
      found: ['checkpoint.root 700', 'head.root 700', 'head.range 700'],
    },
    {
      what: 'rows of two tiles swapped',
      change: (db) => void db.exec(swap(100, 300)),
      found: ['entry.replaced 100', 'entry.replaced 300'],
    },
    {
      what: 'a column edited',
      change: (db) => void db.exec("UPDATE log_entry SET node = 'spiffe://x/y' WHERE idx = 300"),
      found: ['entry.column 300 node'],
    },
    {
      what: 'a time edited',
      change: (db) => void db.exec('UPDATE log_entry SET ts = ts - 1 WHERE idx = 300'),
      found: ['entry.column 300 ts'],
    },
    {
      what: 'a tile edited',
      change: (db) => flip(db, 'log_tile', 'data', 'n = 1'),
      found: ['tile.wrong 1 0'],
    },
    {
      what: 'a tile cut short',
      change: (db) => void db.exec("UPDATE log_tile SET data = x'00' WHERE n = 1"),
      found: ['tile.wrong 1 0'],
    },
    {
      what: 'a tile deleted',
      change: (db) => void db.exec('DELETE FROM log_tile WHERE n = 0'),
      found: ['tile.missing 0 0'],
    },
    {
      what: 'the root of the head edited',
      change: (db) => flip(db, 'log_head', 'root', 'shard = 1'),
      found: ['head.root 700'],
    },
    {
      what: 'the range of the head edited',
      change: (db) => flip(db, 'log_head', 'range', 'shard = 1'),
      found: ['head.range 700'],
    },
    {
      what: 'the head set back',
      change: (db) => void db.exec('UPDATE log_head SET size = 699'),
      found: [
        'entry.surplus 699',
        'head.root 699',
        'head.range 699',
        'checkpoint.missing 699',
        'checkpoint.beyond 700',
      ],
    },
    {
      what: 'an older checkpoint put in place of the newest',
      change: (db) =>
        void db.exec(`UPDATE checkpoint SET (root, note) =
          (SELECT root, note FROM checkpoint WHERE size = 604) WHERE size = 700`),
      found: ['checkpoint.misplaced 700'],
    },
    {
      what: 'a checkpoint edited',
      change: (db) =>
        void db.exec("UPDATE checkpoint SET note = replace(note, 'A', 'B') WHERE size = 304"),
      found: ['checkpoint.signature 304'],
    },
    {
      what: 'the newest checkpoint deleted',
      change: (db) => void db.exec('DELETE FROM checkpoint WHERE size = 700'),
      found: ['checkpoint.missing 700'],
    },
    {
      what: 'a checkpoint of the same size signed for another root',
      change: (db) => {
        const forged = Array.from({ length: 304 }, () => leafHash(Buffer.of())).reduce(
          append,
          emptyTree,
        );
        const note = signCheckpoint(forged, signer);
        const root = Buffer.from(note.split('\n')[2] ?? '', 'base64');
        db.prepare('UPDATE checkpoint SET note = ?, root = ? WHERE size = 304').run(note, root);
      },
      found: ['checkpoint.root 304'],
    },
    {
      what: 'a whole entry rewritten, with its hash and columns',
      change: (db) => {
        const leaf = Buffer.from(issuedLeaf('0'.repeat(30) + 'ff', { actor: 'user:mallory' }));
        db.prepare(
          "UPDATE log_entry SET body = ?, leaf_hash = ?, actor = 'user:mallory', serial = ? WHERE idx = 300",
        ).run(leaf, leafHash(leaf), '0'.repeat(30) + 'ff');
      },
      found: ['entry.replaced 300', `serial.duplicate 700 ${'0'.repeat(30)}ff`],
    },
    {
      what: 'the head deleted',
      change: (db) => void db.exec('DELETE FROM log_head'),
      found: ['head.missing 0'],
    },
  ])('names $what', async ({ change, found }) => {
    const file = logFile();
    tamper(file, (database) => {
      database.exec('DROP INDEX e_serial');
      change(database);
    });
    expect(problems(file)).toEqual(found);
  });

  it('finds a log that was cut off, with all its traces, by a checkpoint kept elsewhere', async () => {
    const file = logFile();
    const before = databaseFile();
    copyFileSync(file, before);
    const store = await openFixture(file);
    await store.ledger.append(issued('ff'));
    const saved = await store.log.checkpoint();
    await store.close();
    expect(problems(before)).toEqual([]);
    expect(problems(before, [saved])).toEqual(['checkpoint.beyond 701']);
  });

  it('takes erased data for erased, not for altered', async () => {
    const file = logFile();
    tamper(file, (database) => database.exec('UPDATE log_entry SET body = NULL WHERE idx = 300'));
    expect(problems(file)).toEqual([]);
  });

  it('holds certificates to what the log says of their issuer', async () => {
    const file = logFile();
    const store = await openFixture(file);
    const { ledger } = store;
    const [unknown, outlives] = [{ ca: 'f'.repeat(40) }, { na: 4_000_000_000 }];
    const leaves = [issuedLeaf('f1', unknown), issuedLeaf('f2', outlives), issuedLeaf('f3')];
    await ledger.append(packLeaves(leaves));
    for (const to of ['active', 'retiring'] as const) {
      await ledger.commit('authority.transition', { id: authorityId, to }, admin);
    }
    await ledger.append(issued('f4'));
    await ledger.commit('authority.transition', { id: authorityId, to: 'retired' }, admin);
    await ledger.append(issued('f5'));
    const { index } = (await store.log.bySerial('f5')) ?? { index: -1 };
    await store.close();
    expect(problems(file)).toEqual([
      'authority.unknown 700',
      'authority.outlived 701',
      `authority.ended ${index}`,
    ]);
  });

  it('tells how far it has come', async () => {
    const file = databaseFile();
    const store = await openFixture(file);
    for (let at = 0; at < 6; at += 1) {
      const serials = Array.from({ length: 4000 }, (_, n) => String(10_000_000 + at * 4000 + n));
      await store.ledger.append(issued(...serials));
    }
    await store.close();
    const seen: number[] = [];
    using source = openLogSource(file);
    const found = verifyLog(source, signer.key, { onProgress: (entries) => seen.push(entries) });
    expect(new Set([...found].map(({ problem }) => problem))).toEqual(
      new Set(['authority.unknown']),
    );
    expect(seen).toEqual([10_000, 20_000]);
  });
});

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

// each test starts up to four servers, one after another
vi.setConfig({ testTimeout: 60_000 });

const program = fileURLToPath(new URL('./crash-server.ts', import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-crash-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Run {
  readonly signal: NodeJS.Signals | null;
  readonly serials: readonly string[];
  readonly authorities: readonly { id: string; role: string; state: string }[];
  readonly drafts: readonly string[];
}

/** Starts the server on the same folder, to be killed at a failpoint or to run to its end. */
function run(failpoint: string, rounds: number | 'prepare' = 3): Run {
  const { stdout, stderr, signal, status } = spawnSync(
    process.execPath,
    [program, folder, String(rounds)],
    { env: { ...process.env, SIGNET_FAILPOINT: failpoint } },
  );
  if (signal === null && status !== 0) throw new Error(stderr.toString());
  const facts = stdout
    .toString()
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line) as Partial<Run> & { serial?: string });
  return {
    signal,
    serials: facts.flatMap(({ serial }) => (serial === undefined ? [] : [serial])),
    authorities: facts.flatMap(({ authorities = [] }) => authorities),
    drafts: facts.flatMap(({ drafts = [] }) => drafts),
  };
}

/** Serials of the certificates in the log. */
function logged(): string[] {
  const database = new Database(join(folder, 'signet.db'), { readonly: true });
  try {
    return database
      .prepare<[], { serial: string }>("SELECT serial FROM log_entry WHERE kind = 'x509.issued'")
      .all()
      .map(({ serial }) => serial);
  } finally {
    database.close();
  }
}

const keyFiles = () => readdirSync(join(folder, 'keys')).filter((name) => name !== 'log.pem');
const active = [
  { role: 'root', state: 'active' },
  { role: 'issuer', state: 'active' },
];

describe.each(['issuance.after-sign', 'issuance.after-commit', 'ledger.before-commit'])(
  'a server killed at %s',
  (place) => {
    it('has a leaf for every certificate it released, and comes back as the same CA', () => {
      const before = run('', 2);
      const killed = run(place);
      expect(killed.signal).toBe('SIGKILL');
      const after = run('', 2);
      expect(after.signal).toBeNull();
      expect(after.authorities).toEqual(before.authorities);
      expect(before.serials).toHaveLength(6);
      expect(after.serials).toHaveLength(6);
      const serials = logged();
      expect(serials).toEqual(
        expect.arrayContaining([...before.serials, ...killed.serials, ...after.serials]),
      );
      expect(new Set(serials).size).toBe(serials.length);
    });
  },
);

describe('a server killed between signing and release', () => {
  it('had released nothing of that batch', () => {
    expect(run('issuance.after-sign').serials).toEqual([]);
    expect(logged()).toEqual([]);
    expect(run('issuance.after-commit').serials).toEqual([]);
    expect(logged()).toHaveLength(3);
  });
});

describe.each([
  { place: 'authority.after-key', roots: 0 },
  { place: 'authority.after-intent', roots: 0 },
  { place: 'authority.after-sign', roots: 0 },
  { place: 'authority.after-create', roots: 1 },
])('a server killed at $place of its first start', ({ place, roots }) => {
  it('has one root and one issuer after the next, and no key too many', () => {
    expect(run(place).signal).toBe('SIGKILL');
    const keysLeft = keyFiles();
    expect(keysLeft).toHaveLength(1);
    const next = run('', 1);
    expect(next.authorities).toMatchObject(active);
    expect(next.drafts).toEqual([]);
    expect(next.serials).toHaveLength(3);
    const ids = next.authorities.map(({ id }) => `${id}.pem`);
    expect(keyFiles().toSorted()).toEqual(ids.toSorted());
    const isKept = keysLeft.some((name) => name.startsWith(next.authorities[0]?.id ?? 'none'));
    expect(isKept).toBe(roots === 1);
    expect(run('', 0).authorities).toEqual(next.authorities);
  });
});

describe.each([
  { place: 'authority.after-key', prepared: 0 },
  { place: 'authority.after-intent', prepared: 0 },
  { place: 'authority.after-sign', prepared: 0 },
  { place: 'authority.after-create', prepared: 1 },
])('a server killed at $place of its next issuer', ({ place, prepared }) => {
  it('comes back with the same root and issuer, and with the next one whole or not at all', () => {
    const before = run('', 1);
    expect(run(place, 'prepare').signal).toBe('SIGKILL');
    expect(keyFiles()).toHaveLength(3);
    const after = run('', 1);
    expect(after.authorities.slice(0, 2)).toEqual(before.authorities);
    expect(after.authorities).toHaveLength(2 + prepared);
    expect(after.drafts).toEqual([]);
    expect(after.serials).toHaveLength(3);
    const ids = after.authorities.map(({ id }) => `${id}.pem`);
    expect(keyFiles().toSorted()).toEqual(ids.toSorted());
  });
});

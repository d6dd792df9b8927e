import { copyFile, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { runCli } from '../support/cli.ts';
import { attest } from '../store/builders.ts';
import { testRest, type TestRest } from '../support/rest.ts';

let rest: TestRest;
let address: string;
beforeAll(async () => {
  // Who calls is read from the kernel here.
  const { actorOfSocket } = await import('../../src/api/rest/actor.ts');
  rest = await testRest({ actorOf: actorOfSocket });
  const path = join(rest.folder, 'admin.sock');
  await rest.app.listen({ path });
  address = `unix:${path}`;
});
afterAll(() => rest.close());

const signet = (line: string, options: object = {}) =>
  runCli(line.split(' '), { address, clock: rest.clock, ...options });
const create = (name: string, more = '') =>
  signet(
    `entry create --spiffe-id spiffe://prod.example/${name} --parent-id spiffe://prod.example/host --selector unix:uid:1000${more}`,
  );

describe('signet entry', () => {
  it('creates, and says where in the log', async () => {
    const { code, stdout } = await create('created');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^entry [0-9a-f-]{36} created \(log #\d+\)\n$/);
  });

  it('is recorded under the user that the kernel names', async () => {
    await create('recorded');
    const { stdout } = await signet('audit list --kind entry.created --limit 1 --output json');
    expect(stdout).toContain(`"actor": "user:uid:${process.getuid?.()}"`);
  });

  it('shows, changes and deletes', async () => {
    const made = JSON.parse((await create('life', ' --output json')).stdout) as { id: string };
    const updated = await signet(`entry update ${made.id} --hint h --x509-svid-ttl 15m`);
    expect(updated.stdout).toMatch(/updated to revision 1 \(log #\d+\)\n$/);
    const shown = await signet(`entry show ${made.id} --output yaml`);
    expect(parseYaml(shown.stdout)).toMatchObject({ hint: 'h', x509SvidTtlSeconds: 900 });
    const stale = await signet(`entry update ${made.id} --hint i --revision 0`);
    expect(stale).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('[entry.changed]') as unknown,
    });
    expect((await signet(`entry delete ${made.id}`)).stdout).toMatch(/deleted \(log #\d+\)\n$/);
    expect(await signet(`entry show ${made.id}`)).toMatchObject({ code: 3, stdout: '' });
  });

  it('lists in no more than 100 columns', async () => {
    await create(`long/${'x'.repeat(150)}`);
    const { stdout } = await signet('entry list');
    expect(stdout).toMatch(/^ENTRY +SPIFFE ID +PARENT +SELECTORS\n/);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });
});

describe('signet agents', () => {
  it('shows what it would hit, and does nothing unless that is confirmed', async () => {
    const { id } = attest();
    await rest.store.ledger.commit('agent.attest', attest(), { actor: 'user:a', requestId: 'r' });
    const refused = await signet(`agents ban ${id}`);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('serves 0 entries, 0 valid SVIDs');
    expect((await signet(`agents ban ${id}`, { answer: 'n' })).code).toBe(1);
    expect((await signet(`agents show ${id}`)).stdout).toMatch(/state +active/);
    expect((await signet(`agents ban ${id}`, { answer: 'y' })).code).toBe(0);
    expect((await signet('agents list --banned')).stdout).toContain('banned');
    expect((await signet(`agents evict ${id} --yes`)).code).toBe(0);
    expect((await signet(`agents show ${id}`)).code).toBe(3);
  });
});

describe('other commands', () => {
  it('give a token alone on standard output', async () => {
    const { stdout, stderr } = await signet('token create --ttl 5m');
    expect(stdout).toMatch(/^[0-9a-f-]{36}\n$/);
    expect(stderr).toMatch(/expires in 5 m \(log #\d+\)/);
  });

  it('print the bundle and the authorities', async () => {
    expect((await signet('bundle show')).stdout).toMatch(/^-----BEGIN CERTIFICATE/);
    const spiffe = JSON.parse((await signet('bundle show --format spiffe')).stdout) as object;
    expect(spiffe).toHaveProperty('keys');
    expect((await signet('ca show')).stdout).toMatch(/root +active +itself/);
  });

  it('write what they mint for the user alone, and over nothing', async () => {
    const folder = join(rest.folder, 'minted');
    const line = `x509 mint --spiffe-id spiffe://prod.example/batch --write ${folder}`;
    expect(await signet(line)).toMatchObject({ code: 0 });
    const key = join(folder, 'svid.0.key');
    expect((await stat(key)).mode & 0o777).toBe(0o600);
    const before = await readFile(key, 'utf8');
    expect(await signet(line)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('[cli.exists]') as unknown,
    });
    expect(await readFile(key, 'utf8')).toBe(before);
  });

  it('say whether the server is ready', async () => {
    expect(await signet('healthcheck')).toMatchObject({ code: 0, stdout: 'ready\n' });
  });

  it.each([
    ['entry show x', 3],
    ['entry create --spiffe-id x --parent-id y --selector a:b', 2],
    ['entry', 2],
    ['bogus', 2],
    ['entry list --limit 0', 2],
    ['entry list --address ftp://x', 2],
    ['entry list --address unix:/nowhere/admin.sock', 5],
    ['audit verify --db /nowhere/signet.db', 1],
    ['server validate -c /nowhere.yaml', 3],
    ['entry create --help', 0],
    ['version', 0],
  ])('end %j with %i', async (line, code) => {
    expect((await signet(line)).code).toBe(code);
  });

  it('tell a failure in two lines, without colour where nobody looks', async () => {
    const { stderr } = await signet('entry show x');
    expect(stderr.trimEnd().split('\n')).toHaveLength(2);
    expect(stderr).not.toContain('\u001B');
    expect((await signet('entry show x', { isTerminal: true })).stderr).toContain('\u001B[31m');
  });
});

describe('signet audit verify', () => {
  it('finds nothing in a log as it was written, and what was altered in another', async () => {
    const good = await signet(`audit verify --db ${rest.database}`);
    expect(good).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('nothing found') as unknown,
    });
    const copy = join(rest.folder, 'copy.db');
    const database = new Database(rest.database);
    database.pragma('wal_checkpoint(PASSIVE)');
    database.close();
    await copyFile(rest.database, copy);
    const altered = new Database(copy);
    altered.exec(
      "DROP TRIGGER IF EXISTS log_entry_no_update; UPDATE log_entry SET actor = 'user:mallory' WHERE idx = 1",
    );
    altered.close();
    const bad = await signet(`audit verify --db ${copy}`);
    expect(bad).toMatchObject({
      code: 6,
      stdout: expect.stringContaining('entry.column at 1 (actor)') as unknown,
    });
  });
});

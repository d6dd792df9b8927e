import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireEnvoy } from '../support/envoy.ts';
import { RunningCommand } from './command.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signet-commands-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const steps = ['authority', 'agent', 'entries', 'sidecars', 'request', 'stranger', 'rotation'];
const told = [...steps, 'audit', 'proof'].map((step, index) => `${index + 1}  ${step}`);

describe('signet demo', () => {
  it.skipIf(!requireEnvoy())('tells its whole story with real Envoys', async () => {
    await using demo = new RunningCommand(['demo']);
    expect(await demo.end()).toBe(0);
    for (const step of told) expect(demo.printed).toContain(step);
    expect(demo.printed).toMatch(/two Envoys 1\.40\.0/);
    expect(demo.printed).toMatch(/under \d+ requests, 0 failed/);
  });

  it('goes on without Envoy where Python cannot be had, and says so in one line', async () => {
    const bare = join(folder, 'bare');
    await mkdir(bare);
    await symlink(process.execPath, join(bare, 'node'));
    const env = { PATH: bare, HOME: bare, XDG_CACHE_HOME: bare, SIGNET_ENVOY: '' };
    await using demo = new RunningCommand(['demo'], env);
    expect(await demo.end()).toBe(0);
    expect(demo.printed.match(/Envoy cannot be had/g)).toHaveLength(1);
    for (const step of told) expect(demo.printed).toContain(step);
  });
});

/** What a workload is given, asked for until the agent has heard of its entry. */
async function fetchedBy(env: Readonly<Record<string, string>>): Promise<string> {
  for (;;) {
    await using fetched = new RunningCommand(['api', 'fetch', 'x509'], env);
    const code = await fetched.end();
    if (code === 0) return fetched.printed;
    expect(code).toBe(4);
  }
}

describe('signet dev', () => {
  it('prints what to try, serves it, and stops when told to', async () => {
    await using dev = new RunningCommand(['dev', '--data-dir', join(folder, 'dev')]);
    const [, address = ''] = await dev.says(/export SIGNET_ADDRESS=(\S+)/);
    const [, parent = ''] = await dev.says(/--parent-id (\S+)/);
    const [, workloads = ''] = await dev.says(/export SPIFFE_ENDPOINT_SOCKET=(\S+)/);
    const env = { SIGNET_ADDRESS: address, SPIFFE_ENDPOINT_SOCKET: workloads };
    const id = 'spiffe://example.org/me';
    const uid = `unix:uid:${process.getuid?.() ?? 0}`;
    const create = ['entry', 'create', '--spiffe-id', id, '--parent-id', parent];
    await using created = new RunningCommand([...create, '--selector', uid], env);
    expect(await created.end()).toBe(0);
    expect(created.printed).toMatch(/created \(log #\d+\)/);
    expect(await fetchedBy(env)).toContain(id);
    const verify = ['audit', 'verify', '--db', join(folder, 'dev', 'signet.db')];
    await using verified = new RunningCommand(verify);
    expect(await verified.end()).toBe(0);
    expect(await dev.end('SIGTERM')).toBe(0);
  });
});

describe('signet server', () => {
  const config = async (text: string): Promise<string> => {
    const file = join(folder, `server-${text.length}.yaml`);
    await writeFile(file, text);
    return file;
  };

  it('keeps its authorities over a kill in the middle of its work', async () => {
    const dataDir = join(folder, 'killed');
    const listen = '{ agents: 127.0.0.1:0, metrics: null }';
    const file = await config(`trustDomain: a.example\ndataDir: ${dataDir}\nlisten: ${listen}\n`);
    const rootOf = async (server: RunningCommand): Promise<string> => {
      await server.says(/server is up/);
      const [, socket = ''] = await server.says(/"admin":"([^"]+)"/);
      await using shown = new RunningCommand(['ca', 'show', '--output', 'json'], {
        SIGNET_ADDRESS: `unix:${socket}`,
      });
      expect(await shown.end()).toBe(0);
      return shown.printed;
    };
    await using first = new RunningCommand(['server', '-c', file]);
    const before = await rootOf(first);
    expect(await first.end('SIGKILL')).toBe('SIGKILL');
    await using second = new RunningCommand(['server', '-c', file]);
    expect(await rootOf(second)).toBe(before);
    expect(await second.end('SIGTERM')).toBe(0);
  });

  it('says where its configuration is wrong', async () => {
    const file = await config('trustDomain: a.example\ndatDir: x\n');
    await using server = new RunningCommand(['server', 'validate', '-c', file]);
    expect(await server.end()).toBe(2);
    expect(server.complained).toMatch(/:2:1: .*config\.unknown_key/);
    expect(server.complained).toMatch(/did you mean dataDir/);
  });
});

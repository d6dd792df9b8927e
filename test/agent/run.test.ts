import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { expect, test } from 'vitest';
import type { Agent } from '../../src/agent/agent.ts';
import { runAgent, type RunSettings } from '../../src/agent/run.ts';
import {
  Health,
  HealthCheckResponse_ServingStatus as Status,
} from '../../src/gen/grpc/health/v1/health_pb.js';
import { SpiffeWorkloadAPI } from '../../src/gen/workload_pb.js';
import { formatBundleJwks, formatBundlePem } from '../../src/pki/bundle-format.ts';
import { createClient } from '../../src/rpc/client.ts';
import { silentLogger } from '../../src/runtime/log.ts';
import { FakeServer } from '../support/fake-server.ts';
import { rejectionOf } from '../support/rejection-of.ts';
import { token, until } from './rig.ts';

interface Running extends AsyncDisposable {
  readonly agent: Agent;
  readonly server: FakeServer;
  readonly settings: RunSettings;
  readonly ended: Promise<void>;
  readonly stop: AbortController;
}

async function settingsIn(folder: string, server: FakeServer): Promise<RunSettings> {
  const bootstrapBundle = join(folder, 'bundle.pem');
  await writeFile(bootstrapBundle, formatBundlePem(server.bundle));
  await writeFile(join(folder, 'token'), `${token}\n`);
  return {
    trustDomain: server.ca.trustDomain,
    serverAddress: { host: '127.0.0.1', port: server.port },
    bootstrapBundle,
    joinToken: { file: join(folder, 'token') },
    dataDir: join(folder, 'data'),
    sockets: { api: join(folder, 'run', 'api.sock'), admin: join(folder, 'run', 'admin.sock') },
    syncIntervalMs: 5000,
    workload: { unix: { path: true, sha256: false } },
    sds: { validator: 'spiffe' },
  };
}

async function running(changes: Partial<RunSettings> = {}): Promise<Running> {
  const server = await FakeServer.start();
  server.tokens.add(token);
  server.put({
    id: 'e-self',
    spiffeId: 'spiffe://prod.example/self',
    selectors: [`unix:uid:${process.getuid?.() ?? 0}`],
  });
  const folder = await mkdtemp(join(tmpdir(), 'signet-run-'));
  const settings = { ...(await settingsIn(folder, server)), ...changes };
  const stop = new AbortController();
  const listening = Promise.withResolvers<Agent>();
  const ended = runAgent(settings, {
    signal: stop.signal,
    log: silentLogger,
    clock: server.clock,
    onListening: listening.resolve,
  });
  ended.catch(listening.reject);
  const agent = await listening.promise;
  return {
    agent,
    server,
    settings,
    ended,
    stop,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await ended.catch(() => undefined);
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

test('a process of this machine gets its SVID through the socket, known by the kernel alone', async () => {
  await using run = await running();
  await run.agent.ready;
  const client = createClient(SpiffeWorkloadAPI, { kind: 'unix', path: run.settings.sockets.api });
  const headers = { 'workload.spiffe.io': 'true' };
  for await (const { svids } of client.fetchX509SVID({}, { headers })) {
    expect(svids.map(({ spiffeId }) => spiffeId)).toEqual(['spiffe://prod.example/self']);
    break;
  }
  client.close();
});

test('everybody may connect for identities, the owner alone for administration', async () => {
  await using run = await running();
  const modeOf = async (path: string) => (await stat(path)).mode & 0o777;
  expect(await modeOf(run.settings.sockets.api)).toBe(0o666);
  expect(await modeOf(run.settings.sockets.admin)).toBe(0o600);
});

test('health tells when the server has been heard', async () => {
  await using run = await running();
  const client = createClient(Health, { kind: 'unix', path: run.settings.sockets.admin });
  for await (const { status } of client.watch({})) if (status === Status.SERVING) break;
  expect(await client.check({})).toMatchObject({ status: Status.SERVING });
  expect(await rejectionOf(client.check({ service: 'x' }))).toMatchObject({ code: 'not_found' });
  client.close();
});

test('it ends in order when told to, and its sockets are gone', async () => {
  await using run = await running();
  run.stop.abort();
  await expect(run.ended).resolves.toBeUndefined();
  await expect(run.agent.ended).resolves.toBeUndefined();
  await expect(stat(run.settings.sockets.api)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('it ends with the reason when the server has banned it', async () => {
  await using run = await running();
  await until(() => run.agent.status().svids === 1);
  for (const node of run.server.nodes.values()) Object.assign(node, { current: '', pending: '' });
  run.server.clock.advance(6000);
  expect(await rejectionOf(run.ended)).toMatchObject({ reason: 'node.banned' });
});

test('the bundle may be a JWK Set too, and be gone once the agent is attested', async () => {
  await using run = await running();
  const { settings } = run;
  await writeFile(settings.bootstrapBundle, formatBundleJwks(run.server.bundle));
  run.stop.abort();
  await run.ended;
  for (const isThere of [true, false]) {
    if (!isThere) await rm(settings.bootstrapBundle);
    const stop = new AbortController();
    const again = runAgent(settings, {
      signal: stop.signal,
      log: silentLogger,
      clock: run.server.clock,
      onListening: () => stop.abort(),
    });
    await expect(again).resolves.toBeUndefined();
  }
});

test('a bundle file that is no bundle is refused', async () => {
  await using run = await running();
  const { settings, server } = run;
  const options = { signal: run.stop.signal, log: silentLogger, clock: server.clock };
  await writeFile(settings.bootstrapBundle, 'nothing');
  expect(await rejectionOf(runAgent(settings, options))).toMatchObject({ reason: 'bundle.empty' });
  const folder = { ...settings, bootstrapBundle: settings.dataDir };
  expect(await rejectionOf(runAgent(folder, options))).toMatchObject({ reason: 'node.unreadable' });
});

import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { Agent } from '../../src/agent/agent.ts';
import { silentLogger } from '../../src/runtime/log.ts';
import { parseTrustDomain } from '../../src/spiffe/trust-domain.ts';
import { FakeServer } from '../support/fake-server.ts';
import { rejectionOf } from '../support/rejection-of.ts';
import { idsOf, type Rig, startRig, token, until } from './rig.ts';

const web = { id: 'e-web', spiffeId: 'spiffe://prod.example/web', selectors: ['unix:uid:1000'] };
const withWeb = { prepare: (server: FakeServer) => server.put(web) };
const hour = 3_600_000;
const ignore = () => undefined;
const quiet = { debug: ignore, error: ignore, info: ignore, warn: ignore };

const file = (rig: Rig) => join(rig.dataDir, 'agent', 'identity.json');
const count = (rig: Rig, name: string) => rig.server.calls.filter((call) => call === name).length;

/** Lets time pass in steps, as long as it takes. */
async function passUntil(rig: Rig, stepMs: number, isSo: () => boolean): Promise<void> {
  while (!isSo()) await rig.pass(stepMs);
}

describe('restart', () => {
  test('the stored identity is found again, and no token is spent', async () => {
    await using rig = await startRig(withWeb);
    const before = rig.agent.status();
    const again = await rig.restart({ joinToken: 'another' });
    await until(() => again.agent.status().svids === 1);
    expect(again.agent.status().notAfter).toBe(before.notAfter);
    expect(count(rig, 'AttestAgent')).toBe(1);
    expect(idsOf(await again.view('unix:uid:1000'))).toEqual([web.spiffeId]);
    await again.agent.stop();
  });

  test('the stored identity is its owner’s alone', async () => {
    await using rig = await startRig();
    expect((await stat(file(rig))).mode & 0o777).toBe(0o600);
  });

  test('while the server is away, a restarted agent is up and says that more may come', async () => {
    await using rig = await startRig(withWeb);
    await rig.server.close();
    const again = await rig.restart();
    const watch = again.watch('unix:uid:1000');
    await until(() => watch.views.length === 1);
    expect(watch.views[0]).toMatchObject({ identities: [], pending: true });
    await rig.server.open();
    await passUntil(again, 1000, () => idsOf(watch.views.at(-1)).length === 1);
    expect(watch.views.at(-1)?.pending).toBe(false);
    await again.agent.stop();
  });

  test.each([
    ['that is cut short', (text: string) => text.slice(0, 100), 'node.state_malformed'],
    [
      'without key',
      (text: string) => text.replace(/"privateKey":"[^"]*"/, '"privateKey":""'),
      'node.state_malformed',
    ],
    [
      'with another type',
      (text: string) => text.replace('"reattestable":false', '"reattestable":0'),
      'node.state_malformed',
    ],
    [
      'of another trust domain',
      (text: string) => text.replace('"trustDomain":"prod.example"', '"trustDomain":"x.example"'),
      'node.state_foreign',
    ],
  ])('a stored identity %s is refused with the reason', async (_, damage, reason) => {
    await using rig = await startRig();
    await writeFile(file(rig), damage(await readFile(file(rig), 'utf8')));
    expect(await rejectionOf(rig.restart())).toMatchObject({ reason });
  });

  test('a stored identity of another key is refused', async () => {
    await using rig = await startRig();
    await using other = await startRig();
    const keyOf = async (one: Rig) =>
      /"privateKey":"[^"]*"/.exec(await readFile(file(one), 'utf8'))?.[0] ?? '';
    const mine = await readFile(file(rig), 'utf8');
    await writeFile(file(rig), mine.replace(await keyOf(rig), await keyOf(other)));
    expect(await rejectionOf(rig.restart())).toMatchObject({ reason: 'node.state_malformed' });
  });

  test('an expired identity needs a token that was not used for it', async () => {
    await using rig = await startRig();
    await rig.agent.stop();
    rig.server.clock.advance(2 * hour);
    expect(await rejectionOf(rig.restart({ joinToken: token }))).toMatchObject({
      reason: 'node.expired',
    });
    rig.server.tokens.add('fresh');
    const again = await rig.restart({ joinToken: 'fresh' });
    expect(again.agent.spiffeId).toMatch(/join_token\/fresh$/);
    await again.agent.stop();
  });
});

describe('attestation', () => {
  const folders: string[] = [];
  afterEach(async () => {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
  });

  async function start(server: FakeServer, changes = {}): Promise<Agent> {
    const dataDir = await mkdtemp(join(tmpdir(), 'signet-agent-'));
    folders.push(dataDir);
    return Agent.start({
      trustDomain: server.ca.trustDomain,
      dataDir,
      serverAddress: server.address,
      bootstrapBundle: server.bundle,
      clock: server.clock,
      log: silentLogger,
      ...changes,
    });
  }

  test('without identity and token there is nothing to start with', async () => {
    await using server = await FakeServer.start();
    expect(await rejectionOf(start(server))).toMatchObject({ reason: 'node.no_join_token' });
    const options = { joinToken: 'x', bootstrapBundle: undefined };
    expect(await rejectionOf(start(server, options))).toMatchObject({ reason: 'node.no_bundle' });
  });

  test('a token that the server refuses is not tried again', async () => {
    await using server = await FakeServer.start();
    const refused = await rejectionOf(start(server, { joinToken: 'unknown' }));
    expect(refused).toMatchObject({ reason: 'node.refused' });
    expect(server.calls).toEqual(['AttestAgent']);
  });

  test.each(['/w', '/spire/server', '/spire/agents'])(
    'an identity under %s is none of an agent',
    async (agentPath) => {
      await using server = await FakeServer.start();
      server.agentPath = agentPath;
      server.tokens.add('x');
      const refused = await rejectionOf(start(server, { joinToken: 'x' }));
      expect(refused).toMatchObject({ reason: 'node.server_svid' });
    },
  );

  test('a server that cannot be reached yet is waited for', async () => {
    await using server = await FakeServer.start();
    await server.close();
    server.tokens.add('x');
    let warnings = 0;
    const log = { ...quiet, warn: () => (warnings += 1) };
    const started = start(server, { joinToken: 'x', log });
    await until(() => warnings === 1);
    await server.open();
    let agent: Agent | undefined;
    void started.then((value) => (agent = value));
    await until(() => {
      server.clock.advance(1000);
      return agent !== undefined;
    });
    await (await started).stop();
    expect(server.calls).toContain('AttestAgent');
  });

  test('a bundle of another trust domain is refused before anything is sent', async () => {
    await using server = await FakeServer.start();
    const trustDomain = parseTrustDomain('other.example');
    const refused = await rejectionOf(start(server, { joinToken: 'x', trustDomain }));
    expect(refused).toMatchObject({ reason: 'node.state_foreign' });
    expect(server.calls).toEqual([]);
  });

  test.each([
    ['has another ID', { serverId: 'spiffe://prod.example/spire/servers' }, false],
    ['has another root', {}, true],
  ])('no token is shown to a server that %s', async (_, options, isOther) => {
    await using server = await FakeServer.start(options);
    await using other = await FakeServer.start();
    const stop = new AbortController();
    const failures: unknown[] = [];
    const log = { warn: ({ err }: { err: unknown }) => failures.push(err) };
    const bootstrapBundle = (isOther ? other : server).bundle;
    const started = start(server, { joinToken: 'x', bootstrapBundle, log, signal: stop.signal });
    await until(() => failures.length === 1);
    stop.abort();
    expect(await rejectionOf(started)).toMatchObject({ reason: 'node.stopped' });
    expect(failures).toMatchObject([{ reason: 'node.server_untrusted' }]);
    expect(server.calls).toEqual([]);
  });
});

// The demo: a server, an agent and three sidecars on this machine, from nothing to a verified log. It is
// also a test: a step that does not go as told ends it with an error.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Type } from 'typebox';
import { decodeLeaf } from '../../audit/columns.ts';
import { noteSigner } from '../../audit/note-key.ts';
import { verifyLog } from '../../audit/verify.ts';
import { DiskKeys } from '../../ca/disk-keys.ts';
import { SignetError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/log.ts';
import { openLogSource } from '../../store/sqlite/log-source.ts';
import { type RunningDev, startDev } from '../dev-run.ts';
import type { Io } from '../io.ts';
import { RestClient } from '../rest-client.ts';
import { envoyVersion, fetchEnvoy } from './envoy.ts';
import { startEnvoySidecar } from './envoy-sidecar.ts';
import { type Sidecar, type StartSidecar } from './sidecar.ts';
import { startStandIn } from './stand-in-sidecar.ts';
import { Story } from './story.ts';

const trustDomain = 'example.org';
const idOf = (name: string): string => `spiffe://${trustDomain}/ns/shop/sa/${name}`;
const names = ['web', 'db', 'other'] as const;
/** Short, so that certificates are replaced while somebody watches. */
const svidTtlSeconds = 10;
const rotationMs = 20_000;

interface Stage {
  readonly dev: RunningDev;
  readonly rest: RestClient;
  readonly io: Io;
  readonly story: Story;
  readonly folder: string;
  readonly startSidecar: StartSidecar;
  /** What the sidecars are called in the story. */
  readonly sidecar: string;
}

/** @throws SignetError `demo.step` if a step does not go as told, or whatever keeps it from going on */
export async function runDemo(io: Io, log: Logger): Promise<void> {
  const story = new Story(io.stdout);
  story.say('Signet demo: everything below is real and on this machine\n');
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'signet-demo-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const { startSidecar, sidecar } = await chooseSidecar(folder, story);
  const dev = await startDev({ trustDomain, dataDir: folder, syncIntervalMs: 500 }, log);
  stack.defer(() => dev.stop());
  const rest = new RestClient({ kind: 'unix', path: dev.sockets.admin }, io.signal);
  const stage: Stage = { dev, rest, io, story, folder, startSidecar, sidecar };

  await tellAuthorities(stage);
  await createEntries(stage);
  const { web, db } = await startSidecars(stage, stack);
  await requestOnce(stage, web);
  await refuseStranger(stage, db, stack);
  await rotateUnderRequests(stage, web, db);
  await answerWhoGotWhat(stage);
  await verifyOffline(stage);
  story.say(`
try next:
  npx signet dev              the same server and agent, for you to use
  npx signet audit --help     ask the log
  README.md                   from here to a server and agents of your own`);
}

async function chooseSidecar(folder: string, story: Story) {
  try {
    const binary = await fetchEnvoy();
    const startSidecar: StartSidecar = (plan) => startEnvoySidecar(binary, folder, plan);
    return { startSidecar, sidecar: `Envoys ${envoyVersion}` };
  } catch {
    story.say(
      'Envoy cannot be had (it needs Python 3 with pip): an SDS client of ours stands in\n',
    );
    const startSidecar: StartSidecar = (plan) => startStandIn(folder, plan);
    return { startSidecar, sidecar: 'stand-ins' };
  }
}

const short = (id: string): string => `${id.slice(0, 8)}..`;

async function tellAuthorities({ dev, story }: Stage): Promise<void> {
  const [root, issuer] = dev.server.state.authorities.list();
  expectThat(root !== undefined && issuer !== undefined, 'authority');
  story.step(
    'authority',
    `${trustDomain}: root ${short(root.id)} (10 y) > issuer ${short(issuer.id)} (30 d)`,
    [0, 8],
  );
  const attested = await newest(dev, 'node.attested');
  story.step('agent', 'this host, attested by a join token that now is used up', [
    attested.index,
    attested.index,
  ]);
}

async function createEntries({ dev, rest, story, folder }: Stage): Promise<void> {
  const indexes: number[] = [];
  for (const name of names) {
    const { logIndex } = await rest.call(Type.Object({}), {
      method: 'POST',
      path: '/v1/entries',
      body: {
        spiffeId: idOf(name),
        parentId: dev.agentId,
        selectors: [`unix:path:${join(folder, name)}`],
        x509SvidTtlSeconds: svidTtlSeconds,
      },
    });
    indexes.push(logIndex ?? -1);
  }
  const [first = 0, , last = 0] = indexes;
  const paths = names.map((name) => `/ns/shop/sa/${name}`);
  story.step('entries', paths.join('  '), [first, last]);
  story.more('each chosen by the path of its program');
}

async function startSidecars(stage: Stage, stack: AsyncDisposableStack) {
  const { dev, io, story, startSidecar, sidecar } = stage;
  const { workloads: sdsSocket } = dev.sockets;
  const began = io.clock.monotonicMs();
  const db = stack.use(await startSidecar({ name: 'db', sdsSocket, clients: [idOf('web')] }));
  const peer = { port: db.inbound, id: idOf('db') };
  const web = stack.use(
    await startSidecar({ name: 'web', sdsSocket, clients: [idOf('db')], peer }),
  );
  const ms = Math.round(io.clock.monotonicMs() - began);
  const { index } = await newest(dev, 'x509.issued');
  story.step('sidecars', `two ${sidecar} took their secrets over SDS, both ready in ${ms} ms`, [
    index - 1,
    index,
  ]);
  return { web, db };
}

async function requestOnce({ story }: Stage, web: Sidecar): Promise<void> {
  const status = await web.request();
  expectThat(status === 200, 'request', { status });
  story.step('request', `web -> db  ${status}   mTLS; each proved its SPIFFE ID to the other`);
}

async function refuseStranger(
  { dev, story, startSidecar }: Stage,
  db: Sidecar,
  stack: AsyncDisposableStack,
): Promise<void> {
  const { workloads: sdsSocket } = dev.sockets;
  const peer = { port: db.inbound, id: idOf('db') };
  const other = stack.use(await startSidecar({ name: 'other', sdsSocket, clients: [], peer }));
  const status = await other.request();
  expectThat(status !== 200, 'stranger', { status });
  story.step('stranger', 'other -> db  refused: a good identity, but not on the list of db');
}

async function rotateUnderRequests({ io, story }: Stage, web: Sidecar, db: Sidecar) {
  const before = [await web.serial(), await db.serial()];
  const deadline = io.clock.monotonicMs() + rotationMs;
  let [sent, failed] = [0, 0];
  for (let isDone = false; !isDone;) {
    const statuses = await Promise.all([web.request(), web.request(), web.request()]);
    sent += statuses.length;
    failed += statuses.filter((status) => status !== 200).length;
    const now = [await web.serial(), await db.serial()];
    isDone = now.every((serial, index) => serial !== before[index]);
    expectThat(io.clock.monotonicMs() < deadline, 'rotation', { sent });
  }
  expectThat(failed === 0, 'rotation', { sent, failed });
  story.step('rotation', `2 certificates replaced under ${sent} requests, ${failed} failed`);
}

const entriesSchema = Type.Object({
  items: Type.Array(
    Type.Object({
      index: Type.Number(),
      time: Type.String(),
      event: Type.Record(Type.String(), Type.Unknown()),
    }),
  ),
});

async function answerWhoGotWhat({ rest, story }: Stage): Promise<void> {
  const { value } = await rest.call(entriesSchema, {
    path: '/v1/log/entries',
    query: { kind: 'x509.issued', spiffeId: idOf('db'), pageSize: 5 },
  });
  expectThat(value.items.length >= 2, 'audit', { found: value.items.length });
  story.step('audit', 'who may be db, since when, and by which proof?');
  for (const { index, time, event } of value.items) {
    const serial = String(event['serial']).slice(0, 12);
    story.more(`#${index}  ${time}  serial ${serial}..  by ${String(event['attestor'])}`);
  }
}

async function verifyOffline({ dev, folder, story }: Stage): Promise<void> {
  const signer = await (await DiskKeys.open(join(folder, 'keys'))).get('log');
  using source = openLogSource(dev.database);
  let [origin, leaves, issued] = ['', 0, 0];
  for (const { data } of source.entries()) {
    const event = data === null ? {} : decodeLeaf(data);
    if (leaves === 0) origin = String(event['origin']);
    leaves += 1;
    if (event['t'] === 'x509.issued') issued += 1;
  }
  expectThat(signer !== undefined, 'proof');
  const findings = [...verifyLog(source, noteSigner(origin, signer.privateKey).key)];
  expectThat(findings.length === 0, 'proof', { findings: findings.length });
  story.step(
    'proof',
    `${leaves} leaves, ${issued} certificates: every hash, tile and checkpoint verified`,
  );
}

/** The newest event of a kind. */
async function newest(dev: RunningDev, kind: string): Promise<{ readonly index: number }> {
  const [entry] = await dev.server.state.store.log.entries({ kind }, { size: 1 });
  expectThat(entry !== undefined, 'agent');
  return entry;
}

function expectThat(
  holds: boolean,
  step: string,
  details: Record<string, number> = {},
): asserts holds {
  if (!holds) throw new SignetError('demo.step', { details: { step, ...details } });
}

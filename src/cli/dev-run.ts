// A server and an agent in one process with one data folder, for a laptop or a single host. Also what the
// demo runs on.
import { join, resolve } from 'node:path';
import { runAgent } from '../agent/run.ts';
import { agentSockets, databaseFile, serverSockets } from '../config/run-paths.ts';
import { serverSettings, type ServerSettings } from '../config/server-config.ts';
import { valueSource } from '../config/source.ts';
import { formatBundlePem } from '../pki/bundle-format.ts';
import { ensureDirectory, writeDurably } from '../runtime/durable-file.ts';
import { SignetError } from '../runtime/errors.ts';
import type { Logger } from '../runtime/log.ts';
import { type RunningServer, startServer } from '../server/run.ts';
import type { Io } from './io.ts';
import { readVersion } from './version.ts';

export interface DevOptions {
  readonly trustDomain: string;
  readonly dataDir: string;
  /** How often the agent looks for changes. */
  readonly syncIntervalMs?: number;
}

export interface RunningDev {
  readonly server: RunningServer;
  /** SPIFFE ID of the agent, the parent of entries for this machine. */
  readonly agentId: string;
  readonly sockets: { readonly admin: string; readonly workloads: string };
  readonly database: string;
  /** Rejects if the agent cannot go on. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

const tokenTtlSeconds = 60;
const origin = { actor: 'system:dev', requestId: 'dev' };

/**
 * Resolves once both serve.
 *
 * @throws SignetError whatever keeps the server or the agent from starting
 */
export async function startDev(options: DevOptions, log: Logger): Promise<RunningDev> {
  const dataDir = resolve(options.dataDir);
  await ensureDirectory(dataDir);
  await using stack = new AsyncDisposableStack();
  const settings = devServer(options.trustDomain, dataDir);
  const server = await startServer(settings, { log, version: readVersion() });
  stack.defer(() => server.stop());

  const bootstrapBundle = join(dataDir, 'bundle.pem');
  await writeDurably(
    bootstrapBundle,
    Buffer.from(formatBundlePem(server.state.authorities.bundle())),
    0o644,
  );
  const { result } = await server.state.registry.createJoinToken(
    { ttlSeconds: tokenTtlSeconds },
    origin,
  );
  const stopping = new AbortController();
  const listening = Promise.withResolvers<string>();
  const sockets = agentSockets(join(dataDir, 'run'));
  const ended = runAgent(
    {
      trustDomain: settings.trustDomain,
      serverAddress: { host: '127.0.0.1', port: server.agentPort ?? 0 },
      bootstrapBundle,
      joinToken: { text: result.token },
      dataDir: join(dataDir, 'agent'),
      sockets,
      syncIntervalMs: options.syncIntervalMs ?? 1000,
      workload: { unix: { path: true, sha256: false } },
      sds: { validator: 'default' },
    },
    {
      signal: stopping.signal,
      log,
      onListening: ({ spiffeId }) => listening.resolve(spiffeId),
    },
  );
  stack.defer(async () => {
    stopping.abort();
    await ended.catch(() => undefined);
  });
  const agentId = await Promise.race([
    listening.promise,
    ended.then(() => Promise.reject(new SignetError('internal'))),
  ]);
  const opened = stack.move();
  return {
    server,
    agentId,
    sockets: { admin: settings.sockets.admin, workloads: sockets.api },
    database: settings.store.file,
    ended,
    stop: () => opened.disposeAsync(),
  };
}

/** `signet dev`: runs until it is told to stop, and says what to try. */
export async function runDev(
  options: DevOptions,
  { signal, log, io }: { readonly signal: AbortSignal; readonly log: Logger; readonly io: Io },
): Promise<void> {
  const dev = await startDev(options, log);
  io.stdout.write(welcome(dev));
  const stopped = new Promise<void>((done) => {
    if (signal.aborted) done();
    signal.addEventListener('abort', () => done(), { once: true });
  });
  try {
    await Promise.race([stopped, dev.ended]);
  } finally {
    await dev.stop();
  }
}

/** Every listener is on loopback or a socket below the data folder, so it asks for no rights. */
function devServer(trustDomain: string, dataDir: string): ServerSettings {
  const config = { trustDomain, dataDir, listen: { agents: '127.0.0.1:0', metrics: null } };
  const settings = serverSettings(valueSource(config), {
    folder: dataDir,
    uid: process.getuid?.(),
  });
  return {
    ...settings,
    store: { kind: 'sqlite', file: databaseFile(dataDir) },
    sockets: serverSockets(join(dataDir, 'run')),
  };
}

function welcome({ sockets, agentId, database, server }: RunningDev): string {
  const { trustDomain } = server.state.authorities.bundle();
  return `Signet is up for ${trustDomain}. Ctrl-C stops it; the data folder keeps everything.

  export SIGNET_ADDRESS=unix:${sockets.admin}
  export SPIFFE_ENDPOINT_SOCKET=unix://${sockets.workloads}

In another terminal, with these two lines:

  # let every process of yours be /me
  npx signet entry create --spiffe-id spiffe://${trustDomain}/me \\
      --parent-id ${agentId} --selector unix:uid:${process.getuid?.() ?? 0}
  npx signet api fetch x509
  npx signet audit list
  npx signet audit verify --db ${database}
`;
}

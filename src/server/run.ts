// The server as a process: opens what it holds, then its listeners, and runs until it is told to stop.
import type { Server } from '@grpc/grpc-js';
import type { FastifyInstance } from 'fastify';
import { buildRestServer } from '../api/rest/server.ts';
import { bindSpireServices } from '../api/spire/services.ts';
import type { ServerSettings } from '../config/server-config.ts';
import { createServer } from '../rpc/server.ts';
import { UnixListener } from '../rpc/unix-listener.ts';
import { type Clock, systemClock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/log.ts';
import { listenForAgents } from './agent-listener.ts';
import { serverMetrics } from './metrics.ts';
import { listenOnLoopback, listenOnSocket } from './rest-listener.ts';
import { agentTtl, openState, type ServerState } from './state.ts';

export interface RunningServer {
  readonly state: ServerState;
  /** Port for agents; undefined if it does not listen for any. */
  readonly agentPort: number | undefined;
  /** Ends calls, closes sockets, makes durable what is under way. */
  stop(): Promise<void>;
}

export interface StartOptions {
  readonly log: Logger;
  readonly version: string;
  readonly clock?: Clock;
}

const connectionAgeMs = 180_000;
/** From one address, which may be that of many nodes behind a gateway. */
const attestationsPerSecond = 10;
const graceMs = 2000;

/**
 * Resolves once everything listens.
 *
 * @throws SignetError `store.*`, `key.*`, `authority.*`, `listener.*`
 */
export async function startServer(
  settings: ServerSettings,
  { log, version, clock = systemClock }: StartOptions,
): Promise<RunningServer> {
  await using stack = new AsyncDisposableStack();
  const state = await openState({ settings, clock, log, version }, stack);
  const { registry, issuance, authorities } = state;
  const { trustDomain, listen, sockets } = settings;
  const deps = {
    trustDomain,
    registry,
    issuance,
    bundle: () => authorities.bundle(),
    clock,
    log,
    agentTtlSeconds: agentTtl(settings),
    attestationsPerSecond,
    svidTtlSeconds: settings.ca.svid.ttlSeconds,
  };

  const agents = createServer({ connectionAgeMs });
  bindSpireServices(agents, deps, 'tcp');
  const agentListener =
    listen.agents === null
      ? undefined
      : await listenForAgents(agents, { address: listen.agents, state, clock, log });
  stack.defer(() => closeRpc(agents, agentListener));

  const admins = createServer();
  bindSpireServices(admins, deps, 'local');
  const adminListener = await UnixListener.listen(admins, { path: sockets.spire, mode: 0o600 });
  stack.defer(() => closeRpc(admins, adminListener));

  await startRest(settings, state, { log, version, clock }, stack, () => {
    return agentListener?.connections ?? 0;
  });
  log.info({ trustDomain, agentPort: agentListener?.port, sockets }, 'server is up');
  const opened = stack.move();
  return { state, agentPort: agentListener?.port, stop: () => opened.disposeAsync() };
}

/** Runs a server until `signal` aborts. @throws as `startServer` does */
export async function runServer(
  settings: ServerSettings,
  { signal, ...options }: StartOptions & { readonly signal: AbortSignal },
): Promise<void> {
  const server = await startServer(settings, options);
  if (!signal.aborted) {
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }
  options.log.info('server is stopping');
  await server.stop();
}

async function startRest(
  { trustDomain, listen, sockets, ca }: ServerSettings,
  state: ServerState,
  { log, version, clock }: Required<StartOptions>,
  stack: AsyncDisposableStack,
  connections: () => number,
): Promise<void> {
  const deps = {
    trustDomain,
    registry: state.registry,
    entries: state.registry.reader,
    log: state.store.log,
    authorities: state.authorities,
    issuance: state.issuance,
    svidTtlSeconds: ca.svid.ttlSeconds,
    metrics: serverMetrics(state, connections),
    notReady: () => (state.authorities.issuers.value === undefined ? ['issuer'] : []),
    clock,
    logger: log,
    version,
  };
  const open = async (app: FastifyInstance, listening: (app: FastifyInstance) => Promise<void>) => {
    stack.defer(() => app.close());
    await listening(app);
  };
  await open(await buildRestServer({ ...deps, role: 'admin' }), (app) =>
    listenOnSocket(app, sockets.admin),
  );
  for (const address of [listen.rest, listen.metrics]) {
    if (address === null) continue;
    await open(await buildRestServer({ ...deps, role: 'anonymous' }), (app) =>
      listenOnLoopback(app, address),
    );
  }
}

async function closeRpc(
  server: Server,
  listener: { close(graceMs: number): Promise<void> } | undefined,
): Promise<void> {
  await listener?.close(graceMs);
  server.forceShutdown();
}

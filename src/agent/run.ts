// The agent as a process: reads what its settings point to, opens its sockets, and runs until it is told
// to stop or cannot go on.
import type { Server } from '@grpc/grpc-js';
import { SecretDiscoveryService } from '../gen/envoy/service/secret/v3/sds_pb.js';
import { Health } from '../gen/grpc/health/v1/health_pb.js';
import { SpiffeWorkloadAPI } from '../gen/workload_pb.js';
import type { EvidenceSink } from '../api/sds/evidence.ts';
import { sdsService } from '../api/sds/service.ts';
import { workloadApi } from '../api/workload/service.ts';
import type { Report } from '../rpc/call.ts';
import { createServer } from '../rpc/server.ts';
import { bindService } from '../rpc/service.ts';
import { UnixListener } from '../rpc/unix-listener.ts';
import { type Clock, systemClock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/log.ts';
import type { TrustDomain } from '../spiffe/trust-domain.ts';
import { Agent } from './agent.ts';
import { agentHealth } from './health.ts';
import { type Given, readBundleFile, readToken } from './settings-files.ts';

/** The part of the agent's configuration that it runs by. */
export interface RunSettings {
  readonly trustDomain: TrustDomain;
  readonly serverAddress: { readonly host: string; readonly port: number };
  /** Absolute path of PEM or a SPIFFE JWK Set. */
  readonly bootstrapBundle: string;
  readonly joinToken: Given | undefined;
  readonly dataDir: string;
  readonly sockets: { readonly api: string; readonly admin: string };
  readonly syncIntervalMs: number;
  readonly workload: { readonly unix: { readonly path: boolean; readonly sha256: boolean } };
  readonly sds: { readonly validator: 'default' | 'spiffe' };
}

export interface RunOptions {
  /** Stops it. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly clock?: Clock;
  /** Told once its sockets are open. */
  readonly onListening?: (agent: Agent) => void;
}

const maxBinaryBytes = 256 * 1024 * 1024;
const graceMs = 2000;

/**
 * Resolves when it was stopped.
 *
 * @throws SignetError `node.*`, `listener.*`, and those of reading files, such as `bundle.*`
 */
export async function runAgent(settings: RunSettings, options: RunOptions): Promise<void> {
  const { signal, log, clock = systemClock } = options;
  const { trustDomain, dataDir, workload } = settings;
  const agent = await Agent.start({
    trustDomain,
    dataDir,
    serverAddress: addressOf(settings.serverAddress),
    bootstrapBundle: await readBundleFile(settings.bootstrapBundle, trustDomain),
    joinToken: await readToken(settings.joinToken),
    clock,
    log,
    syncIntervalMs: settings.syncIntervalMs,
    discoverWorkloadPath: workload.unix.path,
    maxWorkloadBinaryBytes: workload.unix.sha256 ? maxBinaryBytes : 0,
    signal,
  });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => agent.stop());
  const workloads = createServer();
  const admins = createServer({ streams: 100 });
  serve(agent, settings, { workloads, admins }, { log, clock });
  for (const { server, path, mode } of [
    { server: workloads, path: settings.sockets.api, mode: 0o666 },
    { server: admins, path: settings.sockets.admin, mode: 0o600 },
  ]) {
    const listener = await UnixListener.listen(server, { path, mode });
    stack.defer(async () => {
      await listener.close(graceMs);
      server.forceShutdown();
    });
  }
  log.info({ api: settings.sockets.api }, 'serving workloads');
  options.onListening?.(agent);
  await untilOver(agent, signal);
}

function serve(
  agent: Agent,
  { sds }: RunSettings,
  { workloads, admins }: { readonly workloads: Server; readonly admins: Server },
  { log, clock }: { readonly log: Logger; readonly clock: Clock },
): void {
  const { source } = agent;
  const report: Report = (err, { method, requestId }) => {
    log.info({ method, requestId, err }, 'a call failed');
  };
  const validator = sds.validator === 'default' ? 'plain' : 'spiffe';
  const secrets = sdsService({ source, clock, log, validator, evidence: evidenceInto(log) });
  bindService(workloads, SecretDiscoveryService, secrets, { report });
  bindService(workloads, SpiffeWorkloadAPI, workloadApi({ source, clock }), { report });
  for (const server of [workloads, admins]) {
    bindService(server, Health, agentHealth(agent), { report });
  }
}

/** What sidecars answered, for whoever looks for it; what they refused is for everybody to see. */
function evidenceInto(log: Logger): EvidenceSink {
  return (evidence) => {
    if (evidence.kind === 'accepted') log.debug(evidence, 'a sidecar took a secret');
    else if (evidence.kind === 'refused') log.warn(evidence, 'a sidecar refused a secret');
    else if (evidence.kind === 'denied') log.warn(evidence, 'a sidecar was denied a secret');
    else log.error({ name: evidence.name, err: evidence.error }, 'a secret is unfit to be sent');
  };
}

/** @throws SignetError `node.*` if the agent cannot go on */
async function untilOver(agent: Agent, signal: AbortSignal): Promise<void> {
  const stopped = Promise.withResolvers<void>();
  const stop = (): void => stopped.resolve();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    await Promise.race([stopped.promise, agent.ended]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

const addressOf = ({ host, port }: RunSettings['serverAddress']): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

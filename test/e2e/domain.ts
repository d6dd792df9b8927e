// A trust domain of one server, one agent and real Envoys, each of which a test can stop and start again.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runAgent } from '../../src/agent/run.ts';
import { type Envoy, fetchEnvoy, startEnvoy } from '../../src/cli/demo/envoy.ts';
import { type SidecarConfig, sidecarConfig } from '../../src/cli/demo/envoy-config.ts';
import { programAs } from '../../src/cli/demo/sidecar.ts';
import { serverSettings } from '../../src/config/server-config.ts';
import { valueSource } from '../../src/config/source.ts';
import { formatBundlePem } from '../../src/pki/bundle-format.ts';
import { writeDurably } from '../../src/runtime/durable-file.ts';
import { silentLogger as log } from '../../src/runtime/log.ts';
import { type RunningServer, startServer } from '../../src/server/run.ts';
import { parseTrustDomain } from '../../src/spiffe/trust-domain.ts';

const name = 'mesh.example';
const origin = { actor: 'user:test', requestId: 'test' };

export const idOf = (workload: string): string => `spiffe://${name}/${workload}`;

export class Domain implements AsyncDisposable {
  readonly folder: string;
  readonly #stack = new AsyncDisposableStack();
  #server: RunningServer | undefined;
  #port = 0;
  #stopAgent: (() => Promise<void>) | undefined;
  #agentId = '';

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<Domain> {
    const domain = new Domain(await mkdtemp(join(tmpdir(), 'signet-domain-')));
    await domain.startServer();
    await domain.startAgent();
    return domain;
  }

  get server(): RunningServer {
    if (this.#server === undefined) throw new Error('the server is stopped');
    return this.#server;
  }

  get workloadSocket(): string {
    return join(this.folder, 'agent.sock');
  }

  get database(): string {
    return join(this.folder, 'server', 'signet.db');
  }

  /** On the port it had before. */
  async startServer(): Promise<void> {
    const dataDir = join(this.folder, 'server');
    const listen = { agents: `127.0.0.1:${this.#port}`, metrics: null };
    const source = valueSource({ trustDomain: name, dataDir, listen });
    const settings = serverSettings(source, { folder: this.folder, uid: 1000 });
    this.#server = await startServer(settings, { log, version: 'test' });
    this.#port = this.#server.agentPort ?? 0;
  }

  async stopServer(): Promise<void> {
    await this.#server?.stop();
    this.#server = undefined;
  }

  /** The first time by a join token, later by what it kept. */
  async startAgent(): Promise<void> {
    const bootstrapBundle = join(this.folder, 'bundle.pem');
    const joinToken =
      this.#agentId === '' ? { text: await this.#newToken(bootstrapBundle) } : undefined;
    const stopping = new AbortController();
    const listening = Promise.withResolvers<string>();
    const ended = runAgent(
      {
        trustDomain: parseTrustDomain(name),
        serverAddress: { host: '127.0.0.1', port: this.#port },
        bootstrapBundle,
        joinToken,
        dataDir: join(this.folder, 'agent'),
        sockets: { api: this.workloadSocket, admin: join(this.folder, 'agent-admin.sock') },
        syncIntervalMs: 200,
        workload: { unix: { path: true, sha256: false } },
        sds: { validator: 'default' },
      },
      { signal: stopping.signal, log, onListening: ({ spiffeId }) => listening.resolve(spiffeId) },
    );
    this.#stopAgent = async () => {
      stopping.abort();
      await ended;
    };
    ended.catch((error: unknown) => listening.reject(error));
    this.#agentId = await listening.promise;
  }

  async stopAgent(): Promise<void> {
    await this.#stopAgent?.();
    this.#stopAgent = undefined;
  }

  /** Lets the program of a workload have its ID; gives the id of the entry. */
  async register(workload: string, x509SvidTtlSeconds = 0): Promise<string> {
    const { registry } = this.server.state;
    const selectors = [`unix:path:${join(this.folder, workload)}`];
    const fields = { spiffeId: idOf(workload), parentId: this.#agentId, selectors };
    const { result } = await registry.createEntry({ ...fields, x509SvidTtlSeconds }, origin);
    return result.id;
  }

  /** Has its certificate made anew, as a change of its entry does. */
  async renew(entryId: string): Promise<void> {
    const { registry } = this.server.state;
    const entry = registry.entry(entryId);
    if (entry === undefined) throw new Error('no such entry');
    await registry.updateEntry(entryId, { ...entry, hint: `${entry.revision}` }, undefined, origin);
  }

  async sidecar(
    workload: string,
    config: Omit<SidecarConfig, 'nodeId' | 'sdsSocket'>,
  ): Promise<Envoy> {
    const executable = await programAs(await fetchEnvoy(), this.folder, workload);
    const complete = sidecarConfig({
      nodeId: workload,
      sdsSocket: this.workloadSocket,
      certificate: 'default',
      bundle: 'ROOTCA',
      ...config,
    });
    return this.#stack.use(await startEnvoy(complete, { executable }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
    await this.stopAgent();
    await this.stopServer();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #newToken(bootstrapBundle: string): Promise<string> {
    const { authorities, registry } = this.server.state;
    await writeDurably(bootstrapBundle, Buffer.from(formatBundlePem(authorities.bundle())));
    return (await registry.createJoinToken({ ttlSeconds: 60 }, origin)).result.token;
  }
}

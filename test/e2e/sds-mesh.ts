// A mesh in miniature for the SDS tests: our service on a Unix socket, a CA, and real Envoys that get
// their identities from it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SdsEvidence } from '../../src/api/sds/evidence.ts';
import { type SdsOptions, sdsService } from '../../src/api/sds/service.ts';
import { type Envoy, startEnvoy } from '../../src/cli/demo/envoy.ts';
import { type SidecarConfig, sidecarConfig } from '../../src/cli/demo/envoy-config.ts';
import { SecretDiscoveryService } from '../../src/gen/envoy/service/secret/v3/sds_pb.js';
import { createServer } from '../../src/rpc/server.ts';
import { bindService } from '../../src/rpc/service.ts';
import { UnixListener } from '../../src/rpc/unix-listener.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { silentLogger } from '../../src/runtime/log.ts';
import type { X509Bundle } from '../../src/spiffe/bundle.ts';
import type { X509Svid } from '../../src/spiffe/svid.ts';
import { testBundle, TestSource, testSvid, testView } from '../support/identity-source.ts';
import { testCa, type TestCa } from '../support/test-ca.ts';

export type MeshOptions = Partial<SdsOptions> & Pick<SidecarConfig, 'variant' | 'plainValidator'>;

export const idOf = (name: string): string => `spiffe://prod.example/${name}`;

export class Mesh implements AsyncDisposable {
  readonly ca: TestCa;
  readonly source = new TestSource();
  readonly evidence: SdsEvidence[] = [];
  readonly #options: MeshOptions;
  readonly #directory: string;
  readonly #envoys: Envoy[] = [];
  #bundles: readonly X509Bundle[];
  #service: ReturnType<typeof sdsService> | undefined;
  #stopServing: (() => Promise<void>) | undefined;

  private constructor(ca: TestCa, directory: string, options: MeshOptions) {
    this.ca = ca;
    this.#directory = directory;
    this.#options = options;
    this.#bundles = [testBundle(ca)];
  }

  /** Serves nothing yet. */
  static async create(options: MeshOptions = {}): Promise<Mesh> {
    const ca = await testCa({ clock: systemClock });
    return new Mesh(ca, await mkdtemp(join(tmpdir(), 'signet-mesh-')), options);
  }

  get socket(): string {
    return join(this.#directory, 'api.sock');
  }

  /** Serves, by a service that knows nothing of earlier streams unless it is to be the same. */
  async serve({ again = false } = {}): Promise<void> {
    if (!again || this.#service === undefined) {
      this.#service = sdsService({
        source: this.source,
        clock: systemClock,
        log: silentLogger,
        evidence: (evidence) => this.evidence.push(evidence),
        ...this.#options,
      });
    }
    const server = createServer();
    bindService(server, SecretDiscoveryService, this.#service);
    const listener = await UnixListener.listen(server, { path: this.socket, mode: 0o777 });
    this.#stopServing = async () => {
      await listener.close(0);
      server.forceShutdown();
    };
  }

  async stopServing(): Promise<void> {
    await this.#stopServing?.();
    this.#stopServing = undefined;
  }

  /** Starts a sidecar. It gets an identity only by `give`. */
  async start(name: string, config: Partial<SidecarConfig>): Promise<Envoy> {
    const { variant = 'GRPC', plainValidator = false } = this.#options;
    const envoy = await startEnvoy(
      sidecarConfig({ nodeId: name, sdsSocket: this.socket, variant, plainValidator, ...config }),
    );
    this.#envoys.push(envoy);
    return envoy;
  }

  /** Gives a sidecar this SVID, a new one with its name unless told otherwise. */
  give(envoy: Envoy, name: string, svid: X509Svid = testSvid(this.ca, { spiffeId: idOf(name) })) {
    this.source.of(envoy.pid).set(testView([svid], this.#bundles));
    return svid;
  }

  /** Gives every sidecar these bundles from now on, the own one first. */
  trust(...bundles: readonly X509Bundle[]): void {
    this.#bundles = bundles;
    for (const { pid } of this.#envoys) {
      const view = this.source.of(pid);
      view.set(
        testView(
          view.value.identities.map(({ svid }) => svid),
          bundles,
        ),
      );
    }
  }

  /** What was told of one sidecar's secrets so far. */
  evidenceOf({ pid }: Envoy): readonly SdsEvidence[] {
    return this.evidence.filter((it) => it.kind !== 'unfit' && it.sidecar.pid === pid);
  }

  /** Runs `action`, then waits until the sidecar has accepted the secrets it led to. */
  async accepted(envoy: Envoy, action: () => unknown): Promise<void> {
    const count = () => this.evidenceOf(envoy).filter(({ kind }) => kind === 'accepted').length;
    const before = count();
    action();
    await envoy.until(() => count() > before);
  }

  /** `server` and a `client` whose requests it answers, each request with a handshake of its own. */
  async pair(config: Partial<SidecarConfig> = {}) {
    const server = await this.start('server', {
      inbound: { clients: [idOf('client')] },
      ...config,
    });
    this.give(server, 'server');
    const outbound = {
      port: server.port('inbound'),
      peer: idOf('server'),
      handshakePerRequest: true,
    };
    const client = await this.start('client', { outbound, ...config });
    this.give(client, 'client');
    await Promise.all([server.ready(), client.ready()]);
    return { server, client, outbound };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#envoys.map((envoy) => envoy.stop()));
    await this.stopServing();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** Serials of the own certificates that an Envoy uses, without leading zeros, each once. */
export async function serialsOf(envoy: Envoy): Promise<readonly string[]> {
  const contexts = await envoy.certs();
  const serials = contexts.flatMap((context) => context.cert_chain.map((it) => it.serial_number));
  return [...new Set(serials.map((serial) => serial.replace(/^0+/, '')))];
}

// A small server that speaks the SPIRE Server API over TLS with certificates of a test CA, and does what
// a test tells it: for the agent's tests.
import { create } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { bindService, type ServiceImplementation, unimplemented } from '../../src/rpc/service.ts';
import {
  Agent,
  type AttestAgentRequest,
} from '../../src/gen/spire/api/server/agent/v1/agent_pb.js';
import { Bundle } from '../../src/gen/spire/api/server/bundle/v1/bundle_pb.js';
import { Entry } from '../../src/gen/spire/api/server/entry/v1/entry_pb.js';
import { SVID } from '../../src/gen/spire/api/server/svid/v1/svid_pb.js';
import {
  PermissionDeniedDetails_Reason as Said,
  PermissionDeniedDetailsSchema,
} from '../../src/gen/spire/api/types/status_pb.js';
import { parseCertificate } from '../../src/pki/certificate.ts';
import { verifyChain } from '../../src/pki/chain.ts';
import { parseCsr, requestedNames } from '../../src/pki/csr.ts';
import { privateKeyDer } from '../../src/pki/key.ts';
import type { CallContext } from '../../src/rpc/call.ts';
import { createServer, type ServerLimits } from '../../src/rpc/server.ts';
import { RpcStatus } from '../../src/rpc/status.ts';
import { secureContextOf, type TlsIdentity } from '../../src/rpc/tls-identity.ts';
import { TlsListener } from '../../src/rpc/tls-listener.ts';
import type { SignetError } from '../../src/runtime/errors.ts';
import type { X509Bundle } from '../../src/spiffe/bundle.ts';
import { type FakeEntry, syncAnswers } from './fake-server-entries.ts';
import { type ManualClock, manualClock } from './manual-clock.ts';
import { type TestCa, testCa } from './test-ca.ts';

interface Node {
  current: string;
  pending: string;
}

export interface FakeServerOptions {
  readonly clock?: ManualClock;
  readonly trustDomain?: string;
  /** Of its own SVID. */
  readonly serverId?: string;
  readonly limits?: Partial<ServerLimits>;
}

export class FakeServer {
  readonly ca: TestCa;
  readonly clock: ManualClock;
  readonly tokens = new Set<string>();
  readonly nodes = new Map<string, Node>();
  readonly entries = new Map<string, FakeEntry>();
  /** Names of methods called, by agents that were let in or not. */
  readonly calls: string[] = [];
  /** For each call of BatchNewX509SVID, the ids asked for. */
  readonly batches: string[][] = [];
  /** Asked before a method does anything; what it throws is the answer. */
  intercept: (method: string) => void | Promise<void> = () => undefined;
  /** Ids of entries for which no SVID is issued. */
  readonly unsigned = new Set<string>();
  pageSize = 500;
  agentTtlSeconds = 3600;
  svidTtlSeconds = 3600;
  isReattestable = false;
  /** What the token is appended to. */
  agentPath = '/spire/agent/join_token';
  bundleSequence = 1n;
  isTainted = false;
  /** DER, next to its own root. */
  readonly otherRoots: Uint8Array[] = [];
  readonly statuses: bigint[] = [];
  /** Serials of certificates shown, in order of their calls. */
  readonly shown: string[] = [];
  port = 0;
  readonly #limits: Partial<ServerLimits>;
  readonly #serverId: string;
  #running: { readonly listener: TlsListener; readonly stop: () => void } | undefined;

  private constructor(ca: TestCa, clock: ManualClock, options: FakeServerOptions) {
    this.ca = ca;
    this.clock = clock;
    this.#limits = options.limits ?? {};
    this.#serverId = options.serverId ?? `spiffe://${ca.trustDomain}/spire/server`;
  }

  static async start(options: FakeServerOptions = {}): Promise<FakeServer> {
    const { clock = manualClock(), trustDomain = 'prod.example' } = options;
    const server = new FakeServer(await testCa({ clock, trustDomain }), clock, options);
    await server.open();
    return server;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get bundle(): X509Bundle {
    const { trustDomain, root } = this.ca;
    return { trustDomain, authorities: [root.der], sequence: 0, refreshHintSeconds: 300 };
  }

  /** Listens, where it has listened before. */
  async open(): Promise<void> {
    const server = createServer(this.#limits);
    const options = { authorize: (context: CallContext) => this.#called(context) };
    bindService(server, Agent, this.#agent(), options);
    bindService(server, Bundle, this.#bundle(), options);
    bindService(server, Entry, this.#entry(), options);
    bindService(server, SVID, this.#svid(), options);
    const listener = await TlsListener.listen(server, {
      host: '127.0.0.1',
      port: this.port,
      secureContext: () => secureContextOf(this.#identity()),
      verifyPeer: (chain) =>
        void verifyChain({ chain, roots: [this.ca.root.der], at: this.ca.now(), usage: 'client' }),
      clock: { ...this.clock, sleep: () => new Promise(() => undefined) },
    });
    this.port = listener.port;
    this.#running = { listener, stop: () => server.forceShutdown() };
  }

  /** Goes away, with all connections; `graceMs` for calls that still run. */
  async close(graceMs = 0): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.listener.close(graceMs);
    running?.stop();
  }

  put(entry: FakeEntry): void {
    this.entries.set(entry.id, entry);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** A fresh one for each connection, as if it were renewed all the time. */
  #identity(): TlsIdentity {
    const { chain, privateKey } = this.ca.leaf({ spiffeId: this.#serverId });
    return { chain, privateKey: privateKeyDer(privateKey) };
  }

  async #called({ method }: CallContext): Promise<void> {
    const name = method.slice(method.lastIndexOf('/') + 1);
    this.calls.push(name);
    await this.intercept(name);
  }

  /** Who calls, as A7 of the agent's rules has it. */
  #agentOf({ peer }: CallContext): string {
    const [leaf] = peer.kind === 'tls' ? peer.chain : [];
    if (leaf === undefined) throw new RpcStatus('rpc.unauthenticated');
    const { uris, serial, notAfter } = parseCertificate(Buffer.from(leaf));
    const id = uris[0] ?? '';
    this.shown.push(serial);
    if (notAfter < this.ca.now()) throw denied(Said.AGENT_EXPIRED);
    const node = this.nodes.get(id);
    if (node === undefined) throw denied(Said.AGENT_NOT_ATTESTED);
    if (node.current === '') throw denied(Said.AGENT_BANNED);
    if (serial === node.pending) Object.assign(node, { current: serial, pending: '' });
    if (serial !== node.current) throw denied(Said.AGENT_NOT_ACTIVE);
    return id;
  }

  #sign(csr: Uint8Array, spiffeId: string, ttlSeconds: number) {
    const { spki } = parseCsr(csr);
    const { chain, certificate } = this.ca.leaf({ spiffeId, spki, ttlSeconds });
    return { certificate, svid: { certChain: [...chain] } };
  }

  async *#attest(requests: AsyncIterable<AttestAgentRequest>) {
    for await (const { step } of requests) {
      if (step.case !== 'params') throw new RpcStatus('rpc.invalid_argument');
      const token = Buffer.from(step.value.data?.payload ?? []).toString();
      if (!this.tokens.delete(token)) throw new RpcStatus('rpc.invalid_argument');
      const id = `spiffe://${this.ca.trustDomain}${this.agentPath}/${token}`;
      const csr = step.value.params?.csr ?? new Uint8Array();
      const { certificate, svid } = this.#sign(csr, id, this.agentTtlSeconds);
      this.nodes.set(id, { current: certificate.serial, pending: '' });
      const { isReattestable: reattestable } = this;
      yield { step: { case: 'result' as const, value: { svid, reattestable } } };
      return;
    }
  }

  #agent(): ServiceImplementation<typeof Agent> {
    return {
      ...unimplemented(Agent),
      attestAgent: (requests) => this.#attest(requests),
      renewAgent: async ({ params }, context) => {
        const id = this.#agentOf(context);
        if (this.isReattestable) throw denied(Said.AGENT_MUST_REATTEST);
        const csr = params?.csr ?? new Uint8Array();
        const { certificate, svid } = this.#sign(csr, id, this.agentTtlSeconds);
        Object.assign(this.nodes.get(id) ?? {}, { pending: certificate.serial });
        return { svid };
      },
      postStatus: async ({ currentBundleSerial }, context) => {
        this.#agentOf(context);
        this.statuses.push(currentBundleSerial);
        return {};
      },
    };
  }

  #bundle(): ServiceImplementation<typeof Bundle> {
    return {
      ...unimplemented(Bundle),
      getBundle: async () => ({
        trustDomain: this.ca.trustDomain,
        x509Authorities: [
          { asn1: this.ca.root.der, tainted: this.isTainted },
          ...this.otherRoots.map((asn1) => ({ asn1 })),
        ],
        sequenceNumber: this.bundleSequence,
        refreshHint: 300n,
      }),
    };
  }

  #entry(): ServiceImplementation<typeof Entry> {
    return {
      ...unimplemented(Entry),
      syncAuthorizedEntries: (requests, context) => {
        this.#agentOf(context);
        return syncAnswers(requests, [...this.entries.values()], this.pageSize);
      },
    };
  }

  #svid(): ServiceImplementation<typeof SVID> {
    return {
      ...unimplemented(SVID),
      batchNewX509SVID: async ({ params }, context) => {
        this.#agentOf(context);
        this.batches.push(params.map(({ entryId }) => entryId));
        const results = params.map(({ entryId, csr }) => {
          const entry = this.entries.get(entryId);
          if (entry === undefined || this.unsigned.has(entryId)) return { status: { code: 5 } };
          if (requestedNames(parseCsr(csr)).uris[0] !== entry.spiffeId) {
            return { status: { code: 3 } };
          }
          return {
            status: { code: 0 },
            svid: this.#sign(csr, entry.spiffeId, this.svidTtlSeconds).svid,
          };
        });
        return { results };
      },
    };
  }
}

function denied(reason: Said): SignetError {
  const details = create(PermissionDeniedDetailsSchema, { reason });
  const attachments = [anyPack(PermissionDeniedDetailsSchema, details)];
  return new RpcStatus('rpc.permission_denied', { wording: { attachments } });
}

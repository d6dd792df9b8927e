// A server of SPIRE's APIs in this process: real store, real CA, real TLS and a Unix socket. Which services
// it has is up to the test.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DescService } from '@bufbuild/protobuf';
import type { Server } from '@grpc/grpc-js';
import {
  Agent,
  type AttestAgentResponse,
} from '../../src/gen/spire/api/server/agent/v1/agent_pb.js';
import type { SpireDeps } from '../../src/api/spire/spire-deps.ts';
import { MemoryKeys } from '../../src/ca/memory-keys.ts';
import { startServerIdentity } from '../../src/ca/server-identity.ts';
import { verifyChain } from '../../src/pki/chain.ts';
import { createCsr } from '../../src/pki/csr.ts';
import { generateKeyPair, privateKeyDer } from '../../src/pki/key.ts';
import { Registry } from '../../src/registry/registry.ts';
import { type Client, createClient } from '../../src/rpc/client.ts';
import { createServer } from '../../src/rpc/server.ts';
import { secureContextOf, type TlsIdentity } from '../../src/rpc/tls-identity.ts';
import { TlsListener } from '../../src/rpc/tls-listener.ts';
import { UnixListener } from '../../src/rpc/unix-listener.ts';
import { silentLogger as log } from '../../src/runtime/log.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { manualClock } from './manual-clock.ts';
import { issuanceOn, issuedOf, origin, testOrder, trustDomain } from './test-issuance.ts';

export type SpireServer = Awaited<ReturnType<typeof spireServer>>;

/** Binds the same on both doors. Dispose of it. */
export async function spireServer(bind: (server: Server, deps: SpireDeps) => void) {
  const clock = manualClock();
  const folder = await mkdtemp(join(tmpdir(), 'signet-spire-'));
  const keys = new MemoryKeys();
  const { privateKey: logKey } = await keys.create('log', 'Ed25519');
  const file = join(folder, 'signet.db');
  const store = await openSqliteStore({ file, origin: 'ca.example/log', logKey, clock });
  const { authorities, threads, service: issuance } = await issuanceOn(store, { keys, clock });
  const { ledger, registry: reader } = store;
  const registry = await Registry.open({ reader, ledger, clock, trustDomain, log });
  const deps: SpireDeps = {
    trustDomain,
    registry,
    issuance,
    bundle: () => authorities.bundle(),
    clock,
    log,
    agentTtlSeconds: 3600,
    svidTtlSeconds: 3600,
  };
  const server = createServer();
  bind(server, deps);
  const identity = await startServerIdentity({ issuance, clock, log, trustDomain });
  const roots = () => authorities.bundle().authorities;
  const tls = await TlsListener.listen(server, {
    host: '127.0.0.1',
    port: 0,
    secureContext: () => secureContextOf(identity.svids.value),
    verifyPeer: (chain) => {
      verifyChain({ chain, roots: roots(), at: clock.unixMs() / 1000, usage: 'client' });
    },
    clock,
  });
  const path = join(folder, 'api.sock');
  const unix = await UnixListener.listen(server, { path, mode: 0o600 });
  const clients: { close(): void }[] = [];

  const keep = <Service extends DescService>(client: Client<Service>) => {
    clients.push(client);
    return client;
  };
  return {
    clock,
    deps,
    registry,
    store,
    /** A client on the Unix socket. */
    local: <Service extends DescService>(service: Service) =>
      keep(createClient(service, { kind: 'unix', path })),
    /** A client over TLS, with this identity or none. */
    remote: <Service extends DescService>(service: Service, svid?: TlsIdentity) =>
      keep(
        createClient(service, {
          kind: 'tls',
          address: `127.0.0.1:${tls.port}`,
          verifyServer: (chain) => {
            verifyChain({ chain, roots: roots(), at: clock.unixMs() / 1000, usage: 'server' });
          },
          ...(svid === undefined ? {} : { identity: () => svid }),
        }),
      ),
    /** An SVID of a workload, whatever the registry says of it. */
    async workload(spiffeId: string): Promise<TlsIdentity> {
      const pair = generateKeyPair();
      const [outcome] = await issuance.issue([testOrder({ spiffeId, keys: pair })], origin);
      return { chain: issuedOf(outcome).chain, privateKey: privateKeyDer(pair.privateKey) };
    },
    /** Events of a kind as the log has them, the newest first. */
    async logged(kind: string): Promise<Record<string, unknown>[]> {
      const page = await store.log.entries({ kind }, { size: 1000 });
      return page.map(
        ({ data }) => JSON.parse(data.split('\n')[1] ?? '') as Record<string, unknown>,
      );
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.close();
      await identity.stop();
      await Promise.all([tls.close(0), unix.close(0)]);
      server.forceShutdown();
      await threads.close();
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** A key with the request for it. Agents name nothing in theirs. */
export function agentRequest() {
  const { privateKey } = generateKeyPair();
  return { privateKey: privateKeyDer(privateKey), csr: createCsr({ privateKey, uris: [] }) };
}

export interface AttestOptions {
  readonly type?: string;
  readonly csr?: Uint8Array;
}

/** The answers to an attestation with this token. */
export async function attest(
  client: Client<typeof Agent>,
  token: string,
  { type = 'join_token', csr = agentRequest().csr }: AttestOptions = {},
): Promise<AttestAgentResponse[]> {
  const data = { type, payload: Buffer.from(token) };
  async function* requests() {
    yield await Promise.resolve({
      step: { case: 'params' as const, value: { data, params: { csr } } },
    });
  }
  const answers: AttestAgentResponse[] = [];
  for await (const answer of client.attestAgent(requests())) answers.push(answer);
  return answers;
}

/** A token, used; the identity it gave. */
export async function attestedAgent(server: SpireServer, token: string): Promise<TlsIdentity> {
  await server.registry.createJoinToken({ ttlSeconds: 600, token }, origin);
  const { privateKey, csr } = agentRequest();
  const [answer] = await attest(server.remote(Agent), token, { csr });
  if (answer?.step.case !== 'result') throw new Error('not attested');
  return { chain: answer.step.value.svid?.certChain ?? [], privateKey };
}

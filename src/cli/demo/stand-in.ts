// A program that plays the sidecar where Envoy cannot be had: mTLS in front of one answer, and mTLS
// towards one peer, with secrets taken over SDS. Started with its options as JSON; says its ports as JSON.
import { X509Certificate } from 'node:crypto';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer, request as httpsRequest } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import process from 'node:process';
import type { TLSSocket } from 'node:tls';
import type { Secret } from '../../gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import { parseCertificate } from '../../pki/certificate.ts';
import { spiffeIdOfLeaf } from '../../pki/svid-certificate.ts';
import { systemClock } from '../../runtime/clock.ts';
import { SignetError } from '../../runtime/errors.ts';
import { Latest } from '../../runtime/latest.ts';
import { followSecret } from './sds-client.ts';

export interface StandInOptions {
  readonly sdsSocket: string;
  /** SPIFFE IDs that may call. */
  readonly allowed: readonly string[];
  /** Where requests go, and who has to answer there. */
  readonly peer?: { readonly port: number; readonly id: string };
}

/** One line of JSON each, on standard output. */
export type StandInMessage =
  | { readonly inbound: number; readonly outbound: number }
  | { readonly serial: string };

const retryMs = 100;

interface Credentials {
  readonly cert: Buffer;
  readonly key: Buffer;
}

const text = (bytes: { value?: unknown } | undefined): Buffer =>
  bytes?.value instanceof Uint8Array ? Buffer.from(bytes.value) : Buffer.alloc(0);

const credentials = new Latest<Credentials | undefined>(undefined);
const roots = new Latest<Buffer | undefined>(undefined);

/** For as long as it runs; a stream that ends is opened again, as Envoy would. */
async function follow(socket: string, name: string): Promise<void> {
  const never = new AbortController().signal;
  for (;;) {
    try {
      for await (const { type } of followSecret(socket, name, never)) take(type);
    } catch (error) {
      if (!(error instanceof SignetError)) throw error;
    }
    await systemClock.sleep(retryMs, never);
  }
}

function take(type: Secret['type']): void {
  if (type.case === 'tlsCertificate') {
    const { certificateChain, privateKey } = type.value;
    const cert = text(certificateChain?.specifier);
    credentials.set({ cert, key: text(privateKey?.specifier) });
    say({ serial: new X509Certificate(cert).serialNumber.toLowerCase() });
  } else if (type.case === 'validationContext') {
    roots.set(text(type.value.trustedCa?.specifier));
  }
}

/** The SPIFFE ID of the other end, from the DER of its certificate; undefined if it has none. */
function peerId(socket: TLSSocket): string | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  try {
    return spiffeIdOfLeaf(parseCertificate(certificate.raw));
  } catch {
    return undefined;
  }
}

function tlsOptions() {
  const ca = roots.value;
  return { ...credentials.value, ...(ca === undefined ? {} : { ca }) };
}

async function listenOn(server: Server): Promise<number> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on TCP
  return (address as AddressInfo).port;
}

async function serveInbound(allowed: readonly string[]): Promise<number> {
  const options = { ...tlsOptions(), requestCert: true, rejectUnauthorized: true };
  const server = createHttpsServer(options, (_request, response) => response.end('ok'));
  server.on('secureConnection', (socket: TLSSocket) => {
    const id = peerId(socket);
    if (id === undefined || !allowed.includes(id)) socket.destroy();
  });
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  const refresh = async (changes: AsyncIterable<unknown>) => {
    for await (const _ of changes) server.setSecureContext(tlsOptions());
  };
  const never = new AbortController().signal;
  void refresh(credentials.watch(never));
  void refresh(roots.watch(never));
  return listenOn(server);
}

function forward(peer: StandInOptions['peer'], response: ServerResponse): void {
  const fail = () => void response.writeHead(503).end();
  if (peer === undefined) {
    fail();
    return;
  }
  const options = {
    ...tlsOptions(),
    host: '127.0.0.1',
    port: peer.port,
    agent: false,
    checkServerIdentity: () => undefined, // by SPIFFE ID, below
  };
  const relay = (answer: IncomingMessage) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it came over TLS
    if (peerId(answer.socket as TLSSocket) !== peer.id) {
      answer.destroy();
      fail();
      return;
    }
    response.writeHead(answer.statusCode ?? 502);
    answer.pipe(response);
  };
  httpsRequest(options, relay).on('error', fail).end();
}

async function first<T>(latest: Latest<T | undefined>): Promise<void> {
  const found = new AbortController();
  for await (const value of latest.watch(found.signal)) if (value !== undefined) return;
}

function say(message: StandInMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

async function main(options: StandInOptions): Promise<void> {
  void follow(options.sdsSocket, 'default');
  void follow(options.sdsSocket, 'ROOTCA');
  await Promise.all([first(credentials), first(roots)]);
  const outbound = createHttpServer((_request, response) => forward(options.peer, response));
  say({
    inbound: await serveInbound(options.allowed),
    outbound: await listenOn(outbound),
  });
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by stand-in-sidecar.ts
await main(JSON.parse(process.argv[2] ?? '{}') as StandInOptions);

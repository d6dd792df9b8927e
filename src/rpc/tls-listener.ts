// Accepts TLS connections with or without a client certificate, has every presented chain verified by
// us, and hands them to a gRPC server. grpc-js itself can only demand a certificate or not ask for one.
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import type { Server } from '@grpc/grpc-js';
import type { Clock } from '../runtime/clock.ts';
import { SignetError } from '../runtime/errors.ts';
import { injectConnection } from './connection.ts';
import { Connections } from './connections.ts';
import { presentedChain, type VerifyPeer } from './tls-identity.ts';

export interface TlsListenerOptions {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** Asked at every handshake, so that our certificate rotates without a restart. */
  readonly secureContext: () => SecureContext;
  /** Not asked about peers that present no certificate: they are let in as such. */
  readonly verifyPeer: VerifyPeer;
  /** Told of every connection refused, with what `verifyPeer` threw or a reason of ours. */
  readonly onRefused?: (error: SignetError, address: string) => void;
  readonly clock: Clock;
  readonly handshakeMs?: number;
  readonly maxConnections?: number;
  readonly maxConnectionsPerAddress?: number;
}

export class TlsListener {
  readonly #server: Server;
  readonly #options: TlsListenerOptions;
  readonly #connections = new Connections();
  readonly #listener: NetServer;

  private constructor(server: Server, options: TlsListenerOptions) {
    this.#server = server;
    this.#options = options;
    this.#listener = createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  /** @throws SignetError `listener.unusable` */
  static async listen(server: Server, options: TlsListenerOptions): Promise<TlsListener> {
    const listener = new TlsListener(server, options);
    await new Promise<void>((resolve, reject) => {
      listener.#listener.once('error', (cause) =>
        reject(new SignetError('listener.unusable', { cause })),
      );
      listener.#listener.listen(options.port, options.host, resolve);
    });
    return listener;
  }

  get port(): number {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on TCP
    return (this.#listener.address() as AddressInfo).port;
  }

  /** Open connections, those in their handshake included. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Accepts no more and lets running calls end for `graceMs`. */
  async close(graceMs = 10_000): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#listener.close(() => resolve()));
    await this.#connections.drain(graceMs);
    await closed;
  }

  #accept(raw: Socket): void {
    raw.on('error', () => raw.destroy());
    const { maxConnections = 20_000, maxConnectionsPerAddress = 2000 } = this.#options;
    const address = raw.remoteAddress ?? '';
    const admitted = this.#connections.admit(raw, [
      { key: 'all', limit: maxConnections },
      { key: `from ${address}`, limit: maxConnectionsPerAddress },
    ]);
    if (!admitted) {
      this.#options.onRefused?.(new SignetError('listener.full'), address);
      return;
    }
    const refuse = (thrown: unknown) => {
      raw.destroy();
      this.#options.onRefused?.(SignetError.from(thrown), address);
    };
    let socket: TLSSocket;
    try {
      socket = new TLSSocket(raw, {
        isServer: true,
        requestCert: true,
        rejectUnauthorized: false,
        secureContext: this.#options.secureContext(),
        ALPNProtocols: ['h2'],
      });
    } catch (error) {
      refuse(error); // no identity of our own to show
      return;
    }
    const handshake = this.#timed(raw, refuse);
    socket.on('error', () => raw.destroy());
    socket.once('secure', () => {
      handshake.abort();
      try {
        this.#serve(socket, raw, address);
      } catch (error) {
        refuse(error);
      }
    });
  }

  #serve(socket: TLSSocket, raw: Socket, address: string): void {
    if (socket.alpnProtocol !== 'h2') throw new SignetError('peer.protocol');
    if (socket.isSessionReused()) throw new SignetError('peer.unverified');
    const chain = presentedChain(socket);
    if (chain.length > 0) this.#options.verifyPeer(chain);
    // As tls.Server does, which made sockets of its own only; http2 would wait for it for ever.
    Object.assign(socket, { secureConnecting: false });
    const injector = injectConnection(this.#server, socket, { kind: 'tls', chain, address });
    this.#connections.serve(raw, injector);
  }

  /** Refuses a peer that dawdles, until aborted. */
  #timed(raw: Socket, refuse: (thrown: unknown) => void): AbortController {
    const { clock, handshakeMs = 10_000 } = this.#options;
    const handshake = new AbortController();
    raw.once('close', () => handshake.abort());
    clock.sleep(handshakeMs, handshake.signal).then(
      () => refuse(new SignetError('rpc.handshake_timeout')),
      () => undefined,
    );
    return handshake;
  }
}

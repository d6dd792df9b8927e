// Accepts connections on a Unix socket, asks the kernel who made each, and hands them to a gRPC server.
import { randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, rename, rm } from 'node:fs/promises';
import { createConnection, createServer, type Server as NetServer, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type { Server } from '@grpc/grpc-js';
import { SignetError } from '../runtime/errors.ts';
import { injectConnection } from './connection.ts';
import { Connections } from './connections.ts';
import { type HeldProcess, peerProcessOf } from './peer-credentials.ts';

export interface UnixListenerOptions {
  readonly path: string;
  /** Of the socket file: who may connect. 0o777 for workloads, 0o600 for admins. */
  readonly mode: number;
  /** All connections together; no user has more than half of them. */
  readonly maxConnections?: number;
  readonly maxConnectionsPerProcess?: number;
  /** Told of every connection refused. */
  readonly onRefused?: (error: SignetError) => void;
}

/** sun_path holds 108 bytes with its NUL; four are for the name under which the socket is prepared. */
const longestPath = 103;

export class UnixListener {
  readonly #server: Server;
  readonly #path: string;
  readonly #maxConnections: number;
  readonly #maxPerProcess: number;
  readonly #onRefused: (error: SignetError) => void;
  readonly #connections = new Connections();
  readonly #listener: NetServer;
  #inode: bigint | undefined;

  private constructor(server: Server, options: UnixListenerOptions) {
    this.#server = server;
    this.#path = options.path;
    this.#maxConnections = options.maxConnections ?? 4096;
    this.#maxPerProcess = options.maxConnectionsPerProcess ?? 64;
    this.#onRefused = options.onRefused ?? (() => undefined);
    this.#listener = createServer((socket) => this.#accept(socket));
  }

  /**
   * Listens, its directory made if need be. A socket that nobody answers on is replaced.
   *
   * @throws SignetError `listener.*`
   */
  static async listen(server: Server, options: UnixListenerOptions): Promise<UnixListener> {
    if (Buffer.byteLength(options.path) > longestPath) {
      throw new SignetError('listener.path_too_long');
    }
    const listener = new UnixListener(server, options);
    try {
      await mkdir(dirname(options.path), { recursive: true, mode: 0o755 });
      await assertFree(options.path);
      await listener.#bind(options.mode);
    } catch (error) {
      listener.#listener.close();
      if (error instanceof SignetError) throw error;
      throw new SignetError('listener.unusable', { cause: error });
    }
    return listener;
  }

  get path(): string {
    return this.#path;
  }

  /** Open connections. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Accepts no more, lets running calls end for `graceMs`, and removes the socket. */
  async close(graceMs = 10_000): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#listener.close(() => resolve()));
    // Unless it is another's by now: one that was started to take our place.
    if ((await inodeOf(this.#path)) === this.#inode) await rm(this.#path, { force: true });
    await this.#connections.drain(graceMs);
    await closed;
  }

  /** The socket appears under its path with its mode, so nobody connects before that holds. */
  async #bind(mode: number): Promise<void> {
    const prepared = `${this.#path}.${randomBytes(2).toString('hex').slice(0, 3)}`;
    await new Promise<void>((resolve, reject) => {
      this.#listener.once('error', reject);
      this.#listener.listen(prepared, resolve);
    });
    await chmod(prepared, mode);
    this.#inode = await inodeOf(prepared);
    await rename(prepared, this.#path);
  }

  #accept(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    let peer: HeldProcess;
    try {
      peer = peerProcessOf(socket);
    } catch (error) {
      socket.destroy(); // who cannot be named is not served
      this.#onRefused(SignetError.from(error));
      return;
    }
    socket.once('close', () => peer[Symbol.dispose]());
    const admitted = this.#connections.admit(socket, [
      { key: 'all', limit: this.#maxConnections },
      { key: `uid ${peer.uid}`, limit: Math.ceil(this.#maxConnections / 2) },
      { key: `pid ${peer.pid}`, limit: this.#maxPerProcess },
    ]);
    if (!admitted) {
      this.#onRefused(new SignetError('listener.full'));
      return;
    }
    const injector = injectConnection(this.#server, socket, { kind: 'unix', process: peer });
    this.#connections.serve(socket, injector);
  }
}

async function inodeOf(path: string): Promise<bigint | undefined> {
  return (await lstat(path, { bigint: true }).catch(() => undefined))?.ino;
}

/** @throws SignetError `listener.not_a_socket` or `listener.in_use` */
async function assertFree(path: string): Promise<void> {
  const stat = await lstat(path).catch(() => undefined);
  if (stat === undefined) return;
  if (!stat.isSocket()) throw new SignetError('listener.not_a_socket');
  const answered = await new Promise<boolean>((resolve) => {
    const probe = createConnection(path, () => resolve(true));
    probe.on('error', () => resolve(false));
    probe.once('connect', () => probe.destroy());
  });
  if (answered) throw new SignetError('listener.in_use');
}

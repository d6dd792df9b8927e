// The open connections of one listener: how many there may be, and how they end.
import type { ConnectionInjector } from '@grpc/grpc-js';
import type { Socket } from 'node:net';

/** Connections that share a key share its limit. */
export interface Cap {
  readonly key: string;
  readonly limit: number;
}

interface Connection {
  readonly caps: readonly Cap[];
  injector?: ConnectionInjector;
}

export class Connections {
  readonly #open = new Map<Socket, Connection>();
  readonly #counts = new Map<string, number>();
  #whenEmpty: () => void = () => undefined;

  get size(): number {
    return this.#open.size;
  }

  /** Counts a connection until it closes. False, and the socket is gone, if that is one too many. */
  admit(socket: Socket, caps: readonly Cap[]): boolean {
    if (caps.some(({ key, limit }) => (this.#counts.get(key) ?? 0) >= limit)) {
      socket.destroy();
      return false;
    }
    for (const { key } of caps) this.#count(key, 1);
    this.#open.set(socket, { caps });
    socket.once('close', () => this.#remove(socket));
    return true;
  }

  /** Says who serves a connection, and so how to end it in order. */
  serve(socket: Socket, injector: ConnectionInjector): void {
    const connection = this.#open.get(socket);
    if (connection === undefined) injector.destroy();
    else connection.injector = injector;
  }

  /** Tells every peer to go elsewhere, lets running calls end for `graceMs`, then ends them. */
  async drain(graceMs: number): Promise<void> {
    for (const [socket, { injector }] of this.#open) {
      if (injector === undefined) socket.destroy();
      else injector.drain(graceMs);
    }
    if (this.#open.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#whenEmpty = resolve;
    await promise;
  }

  #remove(socket: Socket): void {
    const connection = this.#open.get(socket);
    if (connection === undefined) return;
    this.#open.delete(socket);
    for (const { key } of connection.caps) this.#count(key, -1);
    connection.injector?.destroy();
    if (this.#open.size === 0) this.#whenEmpty();
  }

  #count(key: string, change: number): void {
    const count = (this.#counts.get(key) ?? 0) + change;
    if (count === 0) this.#counts.delete(key);
    else this.#counts.set(key, count);
  }
}

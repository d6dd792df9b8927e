// Servers to call in tests, on a Unix socket of their own.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Server } from '@grpc/grpc-js';
import { createClient } from '../../src/rpc/client.ts';
import type { ServiceImplementation } from '../../src/rpc/service.ts';
import { createServer, type ServerLimits } from '../../src/rpc/server.ts';
import { UnixListener, type UnixListenerOptions } from '../../src/rpc/unix-listener.ts';
import {
  Health,
  HealthCheckResponse_ServingStatus,
} from '../../src/gen/grpc/health/v1/health_pb.js';

export interface Rig extends AsyncDisposable {
  readonly path: string;
  readonly server: Server;
  readonly listener: UnixListener;
}

/** A temporary directory that goes with the test. */
export async function temporaryDirectory(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'signet-rpc-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Serves what `bind` binds. */
export async function serveUnix(
  bind: (server: Server) => void,
  options: { limits?: Partial<ServerLimits>; listener?: Partial<UnixListenerOptions> } = {},
): Promise<Rig> {
  const directory = await temporaryDirectory();
  const server = createServer(options.limits);
  bind(server);
  const path = join(directory.path, 'api.sock');
  const listener = await UnixListener.listen(server, { path, mode: 0o777, ...options.listener });
  return {
    path,
    server,
    listener,
    async [Symbol.asyncDispose]() {
      await listener.close(0);
      server.forceShutdown();
      await directory[Symbol.asyncDispose]();
    },
  };
}

type HealthService = ServiceImplementation<typeof Health>;

/** A health service that serves, unless told otherwise. */
export function health(changes: Partial<HealthService> = {}): HealthService {
  const status = HealthCheckResponse_ServingStatus.SERVING;
  return {
    check: () => Promise.resolve({ status }),
    list: () => Promise.resolve({ statuses: { '': { status } } }),
    async *watch() {
      yield { status };
    },
    ...changes,
  };
}

export async function collect<Value>(values: AsyncIterable<Value>): Promise<Value[]> {
  const collected: Value[] = [];
  for await (const value of values) collected.push(value);
  return collected;
}

export const healthClient = ({ path }: Rig) => createClient(Health, { kind: 'unix', path });

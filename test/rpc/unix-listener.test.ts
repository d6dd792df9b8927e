import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Health } from '../../src/gen/grpc/health/v1/health_pb.js';
import type { CallContext } from '../../src/rpc/call.ts';
import { createClient } from '../../src/rpc/client.ts';
import { createServer } from '../../src/rpc/server.ts';
import { bindService } from '../../src/rpc/service.ts';
import type { SignetError } from '../../src/runtime/errors.ts';
import { UnixListener } from '../../src/rpc/unix-listener.ts';
import { rejectionOf } from '../support/rejection-of.ts';
import { health, serveUnix, temporaryDirectory } from './rig.ts';

const bindHealth = (server: ReturnType<typeof createServer>) =>
  bindService(server, Health, health());

async function check(path: string): Promise<unknown> {
  const client = createClient(Health, { kind: 'unix', path });
  const outcome = await rejectionOf(client.check({}));
  client.close();
  return outcome?.reason ?? 'served';
}

function listenAt(path: string, mode = 0o600) {
  const server = createServer();
  bindHealth(server);
  return UnixListener.listen(server, { path, mode });
}

/** Connects and waits until the server says whether it keeps the connection. */
async function keeps(path: string): Promise<{ kept: boolean; socket: net.Socket }> {
  const socket = net.connect(path);
  socket.on('error', () => undefined);
  // An HTTP/2 server speaks first: its SETTINGS arrive, or the end does.
  const kept = await new Promise<boolean>((resolve) => {
    socket.once('data', () => resolve(true));
    socket.once('close', () => resolve(false));
  });
  return { kept, socket };
}

describe('a Unix listener', () => {
  it('makes the directory, and has its mode from the first moment', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'a/b/api.sock');
    const listener = await listenAt(path, 0o620);
    expect((await stat(path)).mode & 0o777).toBe(0o620);
    expect(readdirSync(dirname(path))).toEqual(['api.sock']);
    await listener.close();
    expect(readdirSync(dirname(path))).toEqual([]);
  });

  it('replaces a socket that nobody answers on', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 's');
    const program = `require('node:net').createServer().listen(process.argv[1], () => console.log('up'))`;
    const killed = spawn(process.execPath, ['-e', program, path]);
    await once(killed.stdout, 'data');
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    expect((await stat(path)).isSocket()).toBe(true);
    const listener = await listenAt(path);
    expect(await check(path)).toBe('served');
    await listener.close();
  });

  it('does not take the place of one that answers', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 's');
    const first = await listenAt(path);
    expect((await rejectionOf(listenAt(path)))?.reason).toBe('listener.in_use');
    expect(await check(path)).toBe('served');
    await first.close();
  });

  it('does not remove a file, a directory, or the socket of a successor', async () => {
    await using directory = await temporaryDirectory();
    const [file, folder] = [join(directory.path, 'file'), join(directory.path, 'folder')];
    await writeFile(file, 'precious');
    await mkdir(folder);
    expect((await rejectionOf(listenAt(file)))?.reason).toBe('listener.not_a_socket');
    expect((await rejectionOf(listenAt(folder)))?.reason).toBe('listener.not_a_socket');

    const path = join(directory.path, 's');
    const listener = await listenAt(path);
    await rm(path);
    const successor = await listenAt(path);
    await listener.close();
    expect(await check(path)).toBe('served');
    await successor.close();
  });

  it('says so when the path is too long, or the directory cannot be made', async () => {
    const long = await rejectionOf(listenAt(`/tmp/${'x'.repeat(99)}`));
    expect(long?.reason).toBe('listener.path_too_long');
    await using directory = await temporaryDirectory();
    const file = join(directory.path, 'file');
    await writeFile(file, '');
    expect((await rejectionOf(listenAt(join(file, 's'))))?.reason).toBe('listener.unusable');
  });

  it('takes a path as long as it says', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'x'.repeat(102 - directory.path.length));
    expect(Buffer.byteLength(path)).toBe(103);
    const listener = await listenAt(path);
    expect(await check(path)).toBe('served');
    await listener.close();
  });

  it('keeps no more connections of one process than it may have, until one closes', async () => {
    const refusals: string[] = [];
    const onRefused = ({ reason }: SignetError) => refusals.push(reason);
    const listener = { maxConnectionsPerProcess: 2, onRefused };
    await using rig = await serveUnix(bindHealth, { listener });
    const [first, second] = [await keeps(rig.path), await keeps(rig.path)];
    expect([first.kept, second.kept, (await keeps(rig.path)).kept]).toEqual([true, true, false]);
    expect(refusals).toEqual(['listener.full']);
    first.socket.destroy();
    await expect.poll(() => rig.listener.connections).toBe(1);
    const third = await keeps(rig.path);
    expect(third.kept).toBe(true);
    third.socket.destroy();
    second.socket.destroy();
  });

  it('leaves half of the connections to other users', async () => {
    await using rig = await serveUnix(bindHealth, { listener: { maxConnections: 4 } });
    const sockets = [await keeps(rig.path), await keeps(rig.path)];
    expect((await keeps(rig.path)).kept).toBe(false);
    for (const { socket } of sockets) socket.destroy();
  });

  it('gives every descriptor back', async () => {
    await using rig = await serveUnix(bindHealth);
    await check(rig.path);
    await expect.poll(() => rig.listener.connections).toBe(0);
    const before = readdirSync('/proc/self/fd').length;
    for (let call = 0; call < 10; call += 1) await check(rig.path);
    await expect.poll(() => rig.listener.connections).toBe(0);
    await expect.poll(() => readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before);
  });
});

describe('closing', () => {
  it('lets a running call end, and takes no other', async () => {
    const started = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    const slow = async () => {
      started.resolve();
      await finish.promise;
      return { status: 1 };
    };
    await using rig = await serveUnix((server) =>
      bindService(server, Health, health({ check: slow })),
    );
    const client = createClient(Health, { kind: 'unix', path: rig.path });
    const call = client.check({});
    await started.promise;
    const closing = rig.listener.close(60_000);
    expect(await check(rig.path)).toBe('rpc.unavailable');
    finish.resolve();
    expect((await call).status).toBe(1);
    await closing;
    client.close();
  });

  it('ends calls that do not end by themselves, and tells their handlers', async () => {
    const ended = Promise.withResolvers<void>();
    const watch = async function* (_request: unknown, { signal }: CallContext) {
      yield { status: 1 };
      await once(signal, 'abort');
      ended.resolve();
    };
    await using rig = await serveUnix((server) => bindService(server, Health, health({ watch })));
    const client = createClient(Health, { kind: 'unix', path: rig.path });
    const answers = client.watch({});
    await answers.next();
    const failure = rejectionOf(answers.next());
    await rig.listener.close(10);
    await ended.promise;
    expect((await failure)?.code).toMatch(/cancelled|unavailable/);
    client.close();
  });
});

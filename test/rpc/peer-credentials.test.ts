import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import net from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { peerProcessOf } from '../../src/rpc/peer-credentials.ts';
import { reasonOf } from '../support/reason-of.ts';
import { requireRoot, requireTool } from '../support/requirements.ts';
import { temporaryDirectory } from './rig.ts';

const connectAndWait = `require('node:net').connect(process.argv[1]).resume()`;

/** Accepts what connects to a socket that everyone may use. */
async function accepting() {
  const directory = await temporaryDirectory();
  await chmod(directory.path, 0o755);
  const path = join(directory.path, 's');
  const server = net.createServer();
  const accepted: net.Socket[] = [];
  await new Promise<void>((resolve) => server.listen({ path, writableAll: true }, resolve));
  return {
    path,
    async next(): Promise<net.Socket> {
      const [socket] = (await once(server, 'connection')) as [net.Socket];
      socket.on('error', () => undefined);
      accepted.push(socket);
      return socket;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of accepted) socket.destroy();
      server.close();
      await directory[Symbol.asyncDispose]();
    },
  };
}

function child(path: string, ids: { uid?: number; gid?: number } = {}) {
  return spawn(process.execPath, ['-e', connectAndWait, path], {
    stdio: 'ignore',
    cwd: '/',
    ...ids,
  });
}

const descriptors = () => readdirSync('/proc/self/fd').length;

describe.each([
  ['with pidfds', true],
  ['without, by start time', false],
])('the process at the other end, %s,', (_name, pidfds) => {
  it('is the one that connected', async () => {
    await using listener = await accepting();
    const connected = listener.next();
    const caller = child(listener.path);
    using peer = peerProcessOf(await connected, pidfds);
    expect(peer.pid).toBe(caller.pid);
    expect([peer.uid, peer.gid]).toEqual([process.getuid?.(), process.getgid?.()]);
    expect(peer.isAlive()).toBe(true);
    caller.kill('SIGKILL');
  });

  it('is known to have ended', async () => {
    await using listener = await accepting();
    const connected = listener.next();
    const caller = child(listener.path);
    using peer = peerProcessOf(await connected, pidfds);
    caller.kill('SIGKILL');
    await once(caller, 'exit');
    expect(peer.isAlive()).toBe(false);
  });

  it.skipIf(!requireRoot())('has the user and group it runs as', async () => {
    await using listener = await accepting();
    const connected = listener.next();
    const caller = child(listener.path, { uid: 65_534, gid: 65_533 });
    using peer = peerProcessOf(await connected, pidfds);
    expect(peer).toMatchObject({ uid: 65_534, gid: 65_533, pid: caller.pid });
    caller.kill('SIGKILL');
  });

  // A socket outlives its maker in the hands of another: that one must not pass for the maker.
  it.skipIf(!requireTool('python3', 'install python3 from your distribution'))(
    'is not whoever inherited the socket from it',
    async () => {
      await using listener = await accepting();
      const connected = listener.next();
      const passOn = [
        'import os, socket, sys, time',
        's = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])',
        'if os.fork() == 0: time.sleep(0.2); s.send(b"x"); time.sleep(60)',
      ].join('\n');
      const maker = spawn('python3', ['-c', passOn, listener.path], { stdio: 'ignore' });
      const exited = once(maker, 'exit');
      const socket = await connected;
      let peer: ReturnType<typeof peerProcessOf> | undefined;
      const reason = reasonOf(() => (peer = peerProcessOf(socket, pidfds)));
      await exited;
      await once(socket, 'data');
      expect(reason ?? (peer?.isAlive() === false && 'peer.exited')).toBe('peer.exited');
      peer?.[Symbol.dispose]();
      socket.destroy();
    },
  );

  it('costs no descriptor once disposed, and counts as ended', async () => {
    await using listener = await accepting();
    const connected = listener.next();
    const client = net.connect(listener.path);
    const socket = await connected;
    const before = descriptors();
    const peer = peerProcessOf(socket, pidfds);
    expect(descriptors()).toBe(before + (pidfds ? 1 : 0));
    peer[Symbol.dispose]();
    peer[Symbol.dispose]();
    expect(descriptors()).toBe(before);
    expect(peer.isAlive()).toBe(false);
    client.destroy();
  });
});

describe('a socket', () => {
  it('tells its descriptor where we look for it', async () => {
    await using listener = await accepting();
    const connected = listener.next();
    const client = net.connect(listener.path);
    const { _handle: handle } = (await connected) as net.Socket & { _handle?: { fd?: number } };
    expect(handle?.fd).toBeGreaterThan(2);
    client.destroy();
  });

  it('names nobody when it is closed', () => {
    expect(reasonOf(() => peerProcessOf(new net.Socket()))).toBe('peer.unreadable');
  });

  it('names nobody over TCP', async () => {
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const connected = once(server, 'connection') as Promise<[net.Socket]>;
    const client = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
    const [socket] = await connected;
    expect(['peer.unreadable', 'peer.other_namespace']).toContain(
      reasonOf(() => peerProcessOf(socket)),
    );
    client.destroy();
    socket.destroy();
    server.close();
  });
});

import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, copyFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { attestUnix, type UnixAttestation } from '../../../src/attestation/workload/unix.ts';
import { BinaryDigests, hashFile } from '../../../src/attestation/workload/binary-digest.ts';
import { peerProcessOf } from '../../../src/rpc/peer-credentials.ts';
import type { PeerProcess } from '../../../src/rpc/peer-process.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { requireRoot } from '../../support/requirements.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function temporaryDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'signet-unix-'));
  cleanups.push(() => rm(path, { recursive: true, force: true }));
  await chmod(path, 0o755);
  return path;
}

/** A program that does nothing for long. */
async function started(
  program = '/bin/sleep',
  options: { uid?: number; gid?: number } = {},
): Promise<ChildProcess & { readonly pid: number }> {
  const child = spawn(program, ['1000'], { stdio: 'ignore', cwd: '/', ...options });
  cleanups.push(() => child.kill('SIGKILL'));
  await once(child, 'spawn');
  if (child.pid === undefined) throw new Error('not started');
  return Object.assign(child, { pid: child.pid });
}

/** As the kernel would describe the process, with `alive` answered in turn, the last one for good. */
function peer(pid: number, ...alive: boolean[]): PeerProcess {
  const answers = alive.length === 0 ? [true] : [...alive];
  const isAlive = () => (answers.length > 1 ? answers.shift() : answers[0]) ?? false;
  return { pid, uid: 12_345, gid: 12_345, isAlive };
}

const attest = (process_: PeerProcess, changes: Partial<UnixAttestation> = {}) =>
  attestUnix(process_, { discoverPath: true, maxBinaryBytes: 2 ** 30, ...changes });

const sha256 = async (path: string) =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');

describe('the unix attestor', () => {
  it('finds user, group and program of a process', async () => {
    const child = await started();
    const { uid, gid, username } = userInfo();
    const selectors = await attest(peer(child.pid));
    expect(selectors).toEqual(
      expect.arrayContaining([
        `unix:uid:${uid}`,
        `unix:user:${username}`,
        `unix:gid:${gid}`,
        `unix:sha256:${await sha256('/bin/sleep')}`,
      ]),
    );
    expect(selectors.find((selector) => selector.startsWith('unix:path:'))).toMatch(/\/sleep$/);
  });

  it('says nothing of the program unless asked to, and hashes nothing unless allowed to', async () => {
    const child = await started();
    const names = (selectors: readonly string[]) => selectors.map((text) => text.split(':')[1]);
    const without = names(await attest(peer(child.pid), { discoverPath: false }));
    expect(without).not.toContain('path');
    expect(without).not.toContain('sha256');
    const unhashed = names(await attest(peer(child.pid), { maxBinaryBytes: 0 }));
    expect(unhashed).toContain('path');
    expect(unhashed).not.toContain('sha256');
  });

  it('takes users, groups and supplementary groups from the kernel and never from the peer', async () => {
    const status = await readFile('/proc/self/status', 'utf8');
    const groups = /^Groups:(.*)$/m.exec(status)?.[1]?.trim().split(/\s+/).filter(Boolean) ?? [];
    const selectors = await attest(peer(process.pid));
    expect(selectors).not.toContain('unix:uid:12345');
    expect(selectors.filter((text) => text.startsWith('unix:supplementary_gid:'))).toEqual(
      groups.map((group) => `unix:supplementary_gid:${group}`),
    );
  });

  it.skipIf(!requireRoot())(
    'tells other users apart, and names those that have a name',
    async () => {
      const directory = await temporaryDirectory();
      const nameFiles = { passwd: join(directory, 'passwd'), group: join(directory, 'group') };
      await writeFile(
        nameFiles.passwd,
        '# x:x:4242\nweb:x:4242:1::/:\nlate:x:4242:1::/:\nbroken\n',
      );
      await writeFile(nameFiles.group, 'staff:x:4343:web\n');
      const child = await started('/bin/sleep', { uid: 4242, gid: 4343 });
      const selectors = await attest(peer(child.pid), { nameFiles, discoverPath: false });
      expect(selectors.filter((text) => !text.includes('supplementary'))).toEqual([
        'unix:uid:4242',
        'unix:user:web',
        'unix:gid:4343',
        'unix:group:staff',
      ]);
      const nameless = { passwd: '/nowhere', group: '/nowhere' };
      const numbers = await attest(peer(child.pid), { nameFiles: nameless, discoverPath: false });
      expect(numbers.filter((text) => !text.includes('supplementary'))).toEqual([
        'unix:uid:4242',
        'unix:gid:4343',
      ]);
    },
  );

  it('names no path that leads elsewhere by now, and still hashes what runs', async () => {
    const program = join(await temporaryDirectory(), 'program');
    await copyFile('/bin/sleep', program);
    const expected = await sha256(program);
    const child = await started(program);
    expect(await attest(peer(child.pid))).toContain(`unix:path:${program}`);
    await rm(program);
    await writeFile(program, 'another');
    const selectors = await attest(peer(child.pid));
    expect(selectors.some((text) => text.startsWith('unix:path:'))).toBe(false);
    expect(selectors).toContain(`unix:sha256:${expected}`);
  });

  it('refuses a program larger than the limit', async () => {
    const child = await started();
    const { size } = await stat('/bin/sleep');
    const failure = await rejectionOf(attest(peer(child.pid), { maxBinaryBytes: size - 1 }));
    expect(failure?.reason).toBe('workload.binary_too_large');
    expect(await attest(peer(child.pid), { maxBinaryBytes: size })).not.toEqual([]);
  });
});

describe('a process that ends', () => {
  it('between connection and attestation is refused', async () => {
    const path = join(await temporaryDirectory(), 's');
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    cleanups.push(() => server.close());
    const connected = once(server, 'connection') as Promise<[net.Socket]>;
    const program = `require('node:net').connect(process.argv[1]).resume()`;
    const child = spawn(process.execPath, ['-e', program, path], { stdio: 'ignore' });
    const [socket] = await connected;
    cleanups.push(() => socket.destroy());
    using held = peerProcessOf(socket);
    expect(await attest(held)).toContain(`unix:uid:${process.getuid?.()}`);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect((await rejectionOf(attest(held)))?.reason).toBe('workload.exited');
  });

  // /proc/PID is readable throughout: another process has the pid by now.
  it('and whose pid another process got, lends it nothing', async () => {
    const successor = await started();
    const failure = await rejectionOf(attest(peer(successor.pid, false)));
    expect(failure?.reason).toBe('workload.exited');
  });

  it('is asked for its life after /proc was read, not before', async () => {
    const child = await started();
    const order: string[] = [];
    const digests = new BinaryDigests();
    const of = digests.of.bind(digests);
    digests.of = (...args) => of(...args).finally(() => order.push('read'));
    const watched = { ...peer(child.pid), isAlive: () => order.push('asked') > 0 };
    await attest(watched, { digests });
    expect(order).toEqual(['read', 'asked']);
  });

  it('is said to have ended, whatever its successor failed with', async () => {
    const successor = await started();
    const failure = await rejectionOf(attest(peer(successor.pid, false), { maxBinaryBytes: 1 }));
    expect(failure?.reason).toBe('workload.exited');
  });

  it('without a trace in /proc is refused', async () => {
    const child = await started();
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect((await rejectionOf(attest(peer(child.pid))))?.reason).toBe('workload.exited');
  });
});

describe('the digest of a program', () => {
  it('is computed again when the file changes, and not before', async () => {
    const program = join(await temporaryDirectory(), 'program');
    await copyFile('/bin/sleep', program);
    let hashed = 0;
    const digests = new BinaryDigests(256, (...args) => {
      hashed += 1;
      return hashFile(...args);
    });
    const first = await started(program);
    const before = await digests.of(first.pid, 2 ** 30);
    expect(before).toBe(await sha256(program));
    expect(await digests.of(first.pid, 2 ** 30)).toBe(before);
    expect(hashed).toBe(1);
    first.kill('SIGKILL');
    await once(first, 'exit');
    await writeFile(program, Buffer.concat([await readFile('/bin/sleep'), Buffer.from('x')]));
    const second = await started(program);
    expect(await digests.of(second.pid, 2 ** 30)).toBe(await sha256(program));
    expect(await sha256(program)).not.toBe(before);
  });

  it('is forgotten for the program not asked for longest', async () => {
    const directory = await temporaryDirectory();
    const hashed: number[] = [];
    const digests = new BinaryDigests(2, async (file) => hashed.push((await file.stat()).ino) + '');
    const programs = ['a', 'b', 'c'].map((name) => join(directory, name));
    await Promise.all(programs.map((program) => copyFile('/bin/sleep', program)));
    const [a, b, c] = await Promise.all(programs.map(async (path) => (await started(path)).pid));
    for (const pid of [a, b, a, c, a, b]) await digests.of(pid ?? 0, 2 ** 30);
    const inodes = await Promise.all(programs.map(async (path) => (await stat(path)).ino));
    // The second a and the third are remembered; b had to make room for c.
    expect(hashed.map((inode) => 'abc'[inodes.indexOf(inode)])).toEqual(['a', 'b', 'c', 'b']);
  });
});

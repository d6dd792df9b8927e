// Reads from the kernel which process connected to a Unix socket, and keeps hold of that process.
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import koffi from 'koffi';
import { SignetError } from '../runtime/errors.ts';
import type { PeerProcess } from './peer-process.ts';

const [SOL_SOCKET, SO_PEERCRED, SO_PEERPIDFD] = [1, 17, 77];
const ENOPROTOOPT = 92;

type GetSocketOption = (
  fd: number,
  level: number,
  option: number,
  value: Buffer,
  length: [number],
) => number;

const libc = koffi.load(null); // whatever the process has loaded already: glibc and musl alike
const getsockopt: GetSocketOption = libc.func(
  'int getsockopt(int fd, int level, int name, void *value, _Inout_ uint32_t *length)',
);
const closeFd: (fd: number) => number = libc.func('int close(int fd)');

/** The value of a socket option, or the number of the error. */
function socketOption(fd: number, option: number, size: number): Buffer | number {
  const value = Buffer.alloc(size);
  return getsockopt(fd, SOL_SOCKET, option, value, [size]) === 0 ? value : koffi.errno();
}

/** `_handle.fd` is not documented, yet the only way from a socket to its descriptor; a test pins it. */
function descriptorOf(socket: Socket): number {
  const { _handle: handle } = socket as Socket & { readonly _handle?: { readonly fd?: number } };
  const fd = handle?.fd;
  if (fd === undefined || fd < 0) throw new SignetError('peer.unreadable');
  return fd;
}

/** How it is known that the process is still the same. */
type Hold =
  | { readonly kind: 'pidfd'; readonly fd: number }
  | { readonly kind: 'start'; readonly ticks: string };

/** What was connected is held until disposal: dispose when the connection closes. */
export class HeldProcess implements PeerProcess, Disposable {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  #hold: Hold | undefined;

  constructor(ids: { pid: number; uid: number; gid: number }, hold: Hold) {
    this.pid = ids.pid;
    this.uid = ids.uid;
    this.gid = ids.gid;
    this.#hold = hold;
  }

  isAlive(): boolean {
    const hold = this.#hold;
    if (hold === undefined) return false;
    return hold.kind === 'pidfd'
      ? pidOfPidfd(hold.fd) === this.pid
      : startTicksOf(this.pid) === hold.ticks;
  }

  [Symbol.dispose](): void {
    if (this.#hold?.kind === 'pidfd') closeFd(this.#hold.fd);
    this.#hold = undefined;
  }
}

/**
 * The process that connected, as recorded when it did. Call this before anything is read from the
 * socket. `pidfds` false is for kernels before 6.5, where the start time of the process stands in.
 *
 * @throws SignetError `peer.unreadable`, `peer.other_namespace`, `peer.exited`
 */
export function peerProcessOf(socket: Socket, pidfds = true): HeldProcess {
  const fd = descriptorOf(socket);
  const credentials = socketOption(fd, SO_PEERCRED, 12); // struct ucred
  if (typeof credentials === 'number') {
    throw new SignetError('peer.unreadable', { details: { errno: credentials } });
  }
  const [pid, uid, gid] = [
    credentials.readInt32LE(0),
    credentials.readUInt32LE(4),
    credentials.readUInt32LE(8),
  ];
  if (pid <= 0) throw new SignetError('peer.other_namespace');
  return new HeldProcess({ pid, uid, gid }, holdOn(fd, pid, pidfds));
}

function holdOn(fd: number, pid: number, pidfds: boolean): Hold {
  const pidfd = pidfds ? socketOption(fd, SO_PEERPIDFD, 4) : ENOPROTOOPT;
  if (typeof pidfd !== 'number') return { kind: 'pidfd', fd: pidfd.readInt32LE(0) };
  const ticks = pidfd === ENOPROTOOPT ? startTicksOf(pid) : undefined;
  if (ticks === undefined) throw new SignetError('peer.exited', { details: { errno: pidfd } });
  return { kind: 'start', ticks };
}

/** -1 once the process has been reaped, undefined if the kernel does not say. */
function pidOfPidfd(fd: number): number | undefined {
  const pid = /^Pid:\s+(-?\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1];
  return pid === undefined ? undefined : Number(pid);
}

/** Field 22 of proc_pid_stat(5), counted behind the name, which may hold spaces and parentheses. */
function startTicksOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

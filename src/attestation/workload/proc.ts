// What /proc says about one process. Pids are reused: whoever reads here must ask afterwards whether the
// process still lives, and else forget what was read.
import { readFile, readlink, stat } from 'node:fs/promises';
import { SignetError } from '../../runtime/errors.ts';

export interface ProcessStatus {
  /** Effective, as the process acts now. */
  readonly uid: number;
  readonly gid: number;
  readonly supplementaryGids: readonly number[];
}

/** @throws SignetError `workload.exited` or `workload.unreadable` */
export async function readStatus(pid: number): Promise<ProcessStatus> {
  const text = await readProc(() => readFile(`/proc/${pid}/status`, 'utf8'));
  return {
    uid: idsAt(text, 'Uid')[1] ?? unreadable(),
    gid: idsAt(text, 'Gid')[1] ?? unreadable(),
    supplementaryGids: idsAt(text, 'Groups'),
  };
}

/** Where the program of a process is opened, whatever has become of its path. */
export function executableOf(pid: number): string {
  return `/proc/${pid}/exe`;
}

/**
 * The path of the program, or undefined if what lies there from where we stand is another file: it was
 * replaced or deleted, or the process lives in a mount namespace where anyone may have chosen its path.
 *
 * @throws SignetError `workload.exited` or `workload.unreadable`
 */
export async function readProgramPath(pid: number): Promise<string | undefined> {
  const executable = executableOf(pid);
  const [path, running] = await readProc(() =>
    Promise.all([readlink(executable), stat(executable, { bigint: true })]),
  );
  const there = await stat(path, { bigint: true }).catch(() => undefined);
  return there?.dev === running.dev && there.ino === running.ino ? path : undefined;
}

/** Runs a read below /proc/PID, where a missing file means that the process has ended. */
export async function readProc<Value>(read: () => Promise<Value>): Promise<Value> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof SignetError) throw error;
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const gone = code === 'ENOENT' || code === 'ESRCH';
    throw new SignetError(gone ? 'workload.exited' : 'workload.unreadable', { cause: error });
  }
}

/** The numbers behind `name:` in proc_pid_status(5). */
function idsAt(text: string, name: string): number[] {
  const numbers = new RegExp(`^${name}:(.*)$`, 'm').exec(text)?.[1]?.trim() ?? unreadable();
  return numbers === '' ? [] : numbers.split(/\s+/).map(Number);
}

function unreadable(): never {
  throw new SignetError('workload.unreadable');
}

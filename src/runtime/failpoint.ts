// Places where a test can have the process killed, to see what a crash at that very moment leaves
// behind. Without the environment variable they do nothing.
import process from 'node:process';

const armed = process.env['SIGNET_FAILPOINT'];

/** Kills the process with SIGKILL if SIGNET_FAILPOINT names this place, `area.moment`. */
export function failpoint(name: string): void {
  if (armed === name) process.kill(process.pid, 'SIGKILL');
}

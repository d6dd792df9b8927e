// Real peers that tests need. Where one is missing its tests are skipped with a line that says what to
// install; in CI (CI=true) they fail instead, so that nothing goes untested unnoticed.
import { spawnSync } from 'node:child_process';

const told = new Set<string>();

/** Whether something a test needs is there. For `describe.skipIf(!require...)`. */
export function requirement(met: boolean, what: string, remedy: string): boolean {
  if (met) return true;
  if (process.env['CI'] === 'true') throw new Error(`${what} is missing: ${remedy}`);
  if (!told.has(what)) console.warn(`skipped, ${what} is missing: ${remedy}`);
  told.add(what);
  return false;
}

/** Whether a program runs: `requireTool('go', 'install Go 1.26 from your distribution')`. */
export function requireTool(tool: string, remedy: string): boolean {
  const found = spawnSync('sh', ['-c', 'command -v "$0"', tool], { stdio: 'ignore' });
  return requirement(found.status === 0, tool, remedy);
}

/** Whether the tests run as root, which those with processes of other users need. */
export function requireRoot(): boolean {
  return requirement(process.getuid?.() === 0, 'root', 'run the tests as root');
}

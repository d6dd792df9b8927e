// Go programs that play the peers other people run. They are built once per run of a test file, by the
// go command's own cache mostly not at all.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll } from 'vitest';
import { requireTool } from './requirements.ts';

const run = promisify(execFile);

const built: string[] = [];
afterAll(async () => {
  for (const directory of built.splice(0)) await rm(directory, { recursive: true, force: true });
});

/** Whether Go tests can run. */
export function requireGo(): boolean {
  return requireTool('go', 'install Go 1.26 from your distribution');
}

/** Builds the program in `directory` (its own module) and returns the path of the binary. */
export async function buildGo(directory: string): Promise<string> {
  const into = await mkdtemp(join(tmpdir(), 'signet-go-'));
  built.push(into);
  const binary = join(into, 'program');
  await run('go', ['build', '-o', binary, '.'], { cwd: directory });
  return binary;
}

/** Runs a program to its end and returns what it printed. Rejects if it fails. */
export async function runGo(binary: string, args: readonly string[] = []): Promise<Buffer> {
  const options = { maxBuffer: 64 * 1024 * 1024, encoding: 'buffer' } as const;
  return (await run(binary, [...args], options)).stdout;
}

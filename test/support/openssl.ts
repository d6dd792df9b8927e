// The openssl command as a second opinion on what we write and read.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface OpensslResult {
  readonly isOk: boolean;
  readonly stdout: Buffer;
  /** Standard output and standard error, as text. */
  readonly text: string;
}

/** Runs `openssl` in a directory of its own that holds `files`; they are gone afterwards. */
export function openssl(
  args: readonly string[],
  files: Readonly<Record<string, string | Uint8Array>> = {},
): OpensslResult {
  const directory = mkdtempSync(join(tmpdir(), 'signet-openssl-'));
  try {
    for (const [name, content] of Object.entries(files))
      writeFileSync(join(directory, name), content);
    const { status, stdout, stderr, error } = spawnSync('openssl', args, { cwd: directory });
    if (error) throw error;
    return { isOk: status === 0, stdout, text: stdout.toString() + stderr.toString() };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

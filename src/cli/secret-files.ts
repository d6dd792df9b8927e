// Writes keys and certificates for the user alone, and never over what is there.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SignetError } from '../runtime/errors.ts';

/** What `--write` makes of an SVID, as SPIRE's tools name it. */
export interface SvidFiles {
  /** PEM, the leaf first. */
  readonly svid: string;
  /** PEM, PKCS #8. */
  readonly key: string;
  /** PEM. */
  readonly bundle: string;
}

/**
 * @param at number of the SVID, for there may be several in a folder
 * @returns the paths written
 * @throws SignetError `cli.exists`, `cli.file`
 */
export async function writeSvidFiles(
  folder: string,
  at: number,
  files: SvidFiles,
): Promise<string[]> {
  const named = {
    [`svid.${at}.key`]: files.key,
    [`svid.${at}.pem`]: files.svid,
    [`bundle.${at}.pem`]: files.bundle,
  };
  const written: string[] = [];
  for (const [name, content] of Object.entries(named)) {
    const path = join(folder, name);
    await writeNew(folder, path, content);
    written.push(path);
  }
  return written;
}

async function writeNew(folder: string, path: string, content: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(path, content, { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    const exists = cause instanceof Error && Reflect.get(cause, 'code') === 'EEXIST';
    throw new SignetError(exists ? 'cli.exists' : 'cli.file', { details: { file: path }, cause });
  }
}

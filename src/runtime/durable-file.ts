// Files that survive a crash: the old content or the new, never half of it.
import { type FileHandle, mkdir, open, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { randomBytes } from 'node:crypto';

/** Creates a folder with its parents; all that it creates get this mode. */
export async function ensureDirectory(path: string, mode = 0o700): Promise<void> {
  await mkdir(path, { recursive: true, mode });
}

/**
 * Replaces a file: temporary file beside it, fsync, rename, fsync of the folder. Resolves once the new
 * content is on disk.
 */
export async function writeDurably(path: string, content: Uint8Array, mode = 0o600): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  await withFile(temporary, 'wx', mode, async (file) => {
    await file.writeFile(content);
    await file.sync();
  });
  await rename(temporary, path);
  await syncDirectory(dirname(path));
}

/** Makes names created, renamed or removed in a folder durable. */
export async function syncDirectory(path: string): Promise<void> {
  await withFile(path, 'r', 0, (folder) => folder.sync());
}

async function withFile(
  path: string,
  flags: string,
  mode: number,
  use: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const file = await open(path, flags, mode);
  try {
    await use(file);
  } finally {
    await file.close();
  }
}

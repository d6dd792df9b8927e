import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { fetchEnvoy } from '../../src/cli/demo/envoy.ts';
import { requireEnvoy } from '../support/envoy.ts';

const directory = fileURLToPath(new URL('../../deploy/envoy/', import.meta.url));
const examples = readdirSync(directory).filter((name) => name.endsWith('.yaml'));

describe.skipIf(!requireEnvoy())('the example configurations', () => {
  it('are there', () => {
    expect(examples).toContain('sidecar.yaml');
  });

  it.each(examples)('%s is accepted by a real Envoy', async (name) => {
    const args = ['--mode', 'validate', '-l', 'error', '-c', `${directory}${name}`];
    const { status, stderr } = spawnSync(await fetchEnvoy(), args);
    expect(stderr.toString()).toBe('');
    expect(status).toBe(0);
  });

  it.each(examples)('%s comes back quickly after an outage', (name) => {
    expect(readFileSync(`${directory}${name}`, 'utf8')).toContain('retry_back_off');
  });
});

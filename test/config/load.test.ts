import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadAgentSettings, loadServerSettings } from '../../src/config/load.ts';
import { readSecret } from '../../src/config/secret.ts';
import { errorOf } from '../support/error-of.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signet-config-'));
});
afterAll(() => rm(folder, { recursive: true }));

const write = async (name: string, content: string) => {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
};

describe('loading', () => {
  it('reads a file, whose folder is where relative paths begin', async () => {
    const file = await write('server.yaml', 'trustDomain: example.org\ndataDir: data\n');
    expect((await loadServerSettings(file)).dataDir).toBe(join(folder, 'data'));
  });

  it('names the file that it cannot read', async () => {
    const file = join(folder, 'missing.yaml');
    const error = await errorOf(() => loadAgentSettings(file));
    expect(error).toMatchObject({ reason: 'config.unreadable', details: { file } });
  });

  it('does not read a file that is too long', async () => {
    const file = await write('long.yaml', '#'.repeat(800_000));
    const error = await errorOf(() => loadServerSettings(file));
    expect(error?.reason).toBe('config.too_long');
  });
});

describe('readSecret', () => {
  it('gives what is stated', async () => {
    expect(await readSecret({ text: 'abc' })).toBe('abc');
  });

  it('reads a file without the white space around its text', async () => {
    expect(await readSecret({ file: await write('token', ' abc\n') })).toBe('abc');
  });

  it.each([
    ['empty', '\n'],
    ['long', 'x'.repeat(4097)],
  ])('refuses a file that is %s', async (name, content) => {
    const file = await write(name, content);
    const error = await errorOf(() => readSecret({ file }));
    expect(error).toMatchObject({ reason: 'config.secret_unreadable', details: { file } });
  });

  it('names the file that is not there', async () => {
    const file = join(folder, 'nowhere');
    const error = await errorOf(() => readSecret({ file }));
    expect(error).toMatchObject({ reason: 'config.secret_unreadable', details: { file } });
  });
});

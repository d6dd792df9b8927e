import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureDirectory, syncDirectory, writeDurably } from '../../src/runtime/durable-file.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'durable-'));
});
afterAll(() => rm(folder, { recursive: true }));

const modeOf = async (path: string) => (await stat(path)).mode & 0o777;

describe('writeDurably', () => {
  it('writes a file that only its owner may read', async () => {
    const path = join(folder, 'key');
    await writeDurably(path, Buffer.from('secret'));
    expect(await readFile(path, 'utf8')).toBe('secret');
    expect(await modeOf(path)).toBe(0o600);
  });

  it('replaces what was there, its mode included', async () => {
    const path = join(folder, 'replaced');
    await writeFile(path, 'old', { mode: 0o644 });
    await writeDurably(path, Buffer.from('new'));
    expect(await readFile(path, 'utf8')).toBe('new');
    expect(await modeOf(path)).toBe(0o600);
  });

  it('leaves nothing else behind', async () => {
    const inner = join(folder, 'clean');
    await ensureDirectory(inner);
    await writeDurably(join(inner, 'a'), Buffer.from('1'));
    await writeDurably(join(inner, 'a'), Buffer.from('2'));
    expect(await readdir(inner)).toEqual(['a']);
  });

  it('fails, and touches nothing, where there is no folder', async () => {
    await expect(writeDurably(join(folder, 'none', 'a'), Buffer.from('1'))).rejects.toThrow(
      /ENOENT/,
    );
  });
});

describe('ensureDirectory', () => {
  it('creates parents that only their owner may enter, and is content with what exists', async () => {
    const path = join(folder, 'x', 'y');
    await ensureDirectory(path);
    await ensureDirectory(path);
    expect(await modeOf(path)).toBe(0o700);
    expect(await modeOf(join(folder, 'x'))).toBe(0o700);
    await expect(syncDirectory(path)).resolves.toBeUndefined();
  });
});

import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DiskKeys } from '../../src/ca/disk-keys.ts';
import { generateKeyPair, privateKeyDer } from '../../src/pki/key.ts';
import { encodePem } from '../../src/pki/pem.ts';
import { SignetError } from '../../src/runtime/errors.ts';
import { openssl } from '../support/openssl.ts';

// long on a busy machine
vi.setConfig({ testTimeout: 30_000 });

let folder: string;
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'signet-keys-')), 'keys');
});
afterEach(() => rm(join(folder, '..'), { recursive: true }));

const modeOf = async (path: string) => (await stat(path)).mode & 0o777;

/** Keys with one of an authority in them, its id, and the path of its file. */
async function withKey() {
  const keys = await DiskKeys.open(folder);
  const { id } = await keys.draft();
  await keys.keep(id);
  return { keys, id, path: join(folder, `${id}.pem`) };
}

describe('key files', () => {
  it('are open to their owner alone, in a folder that is, too', async () => {
    const { path } = await withKey();
    await expect(modeOf(folder)).resolves.toBe(0o700);
    await expect(modeOf(path)).resolves.toBe(0o600);
  });

  it('are PKCS #8 that openssl reads', async () => {
    const { path } = await withKey();
    const read = openssl(['pkey', '-in', 'key.pem', '-check', '-noout'], {
      'key.pem': await readFile(path),
    });
    expect(read.text).toContain('valid');
    expect(read.isOk).toBe(true);
  });

  it('are found by the next process, drafts as drafts', async () => {
    const { keys, id } = await withKey();
    const draft = await keys.draft();
    const reopened = await DiskKeys.open(folder);
    expect((await reopened.get(id))?.id).toBe(id);
    await expect(reopened.drafts()).resolves.toEqual([draft.id]);
  });

  it.each([0o640, 0o604, 0o644, 0o620, 0o601, 0o660])('are not read with mode %o', async (mode) => {
    const { keys, id, path } = await withKey();
    await chmod(path, mode);
    await expect(keys.get(id)).rejects.toMatchObject({
      reason: 'key.permissions',
      details: { key: id },
    });
    await chmod(path, 0o400);
    expect((await keys.get(id))?.id).toBe(id);
  });

  it('are not followed to where a link points', async () => {
    const { keys, id, path } = await withKey();
    await rename(path, `${path}.elsewhere`);
    await symlink(`${path}.elsewhere`, path);
    await expect(keys.get(id)).rejects.toMatchObject({ reason: 'key.permissions' });
  });

  it.each([0, 1, 60, 150, 230])('are refused when cut to %d bytes', async (length) => {
    const { keys, id, path } = await withKey();
    await truncate(path, length);
    await expect(keys.get(id)).rejects.toMatchObject({
      reason: 'key.damaged',
      details: { key: id },
    });
  });

  it('are refused when larger than any key, unread', async () => {
    const { keys, id, path } = await withKey();
    await writeFile(path, Buffer.alloc(20_000, 'a'));
    await expect(keys.get(id)).rejects.toMatchObject({ reason: 'key.damaged' });
  });

  it('are refused with any one bit flipped in either half of the key', async () => {
    const { keys, id, path } = await withKey();
    const der = privateKeyDer(createPrivateKey(await readFile(path)));
    const accepted: number[] = [];
    const reasons = new Set<string>();
    for (let bit = 0; bit < der.length * 8; bit += 1) {
      const flipped = Buffer.from(der);
      const at = Math.floor(bit / 8);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (bit % 8));
      await writeFile(path, encodePem('PRIVATE KEY', flipped));
      const read = await keys.get(id).catch((error: unknown) => SignetError.from(error));
      if (read instanceof SignetError) reasons.add(read.reason);
      else accepted.push(at);
    }
    // what OpenSSL passes over is around the key, in neither of its halves
    const halves = accepted.filter((at) => (at >= 36 && at < 68) || at >= 73);
    expect(halves).toEqual([]);
    expect([...reasons].every((reason) => /^key\.(damaged|mismatch)$/.test(reason))).toBe(true);
  });

  it.each([
    ['P-384', generateKeyPair('P-384').privateKey],
    ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey],
    ['X25519', generateKeyPairSync('x25519').privateKey],
  ])('are refused with a key of kind %s', async (_, privateKey) => {
    const { keys, id, path } = await withKey();
    await writeFile(path, encodePem('PRIVATE KEY', privateKeyDer(privateKey)));
    await expect(keys.get(id)).rejects.toMatchObject({ reason: 'key.damaged' });
  });

  it('are refused under the name of another authority', async () => {
    const { keys, path } = await withKey();
    const other = await keys.draft();
    await keys.keep(other.id);
    await rename(path, join(folder, `${other.id}.pem`));
    await expect(keys.get(other.id)).rejects.toMatchObject({
      reason: 'key.mismatch',
      details: { key: other.id },
    });
  });

  it('show nothing of a key in the error about it', async () => {
    const { keys, id, path } = await withKey();
    const pem = await readFile(path, 'utf8');
    await writeFile(path, pem.slice(0, 200));
    const error = await keys.get(id).catch((thrown: unknown) => SignetError.from(thrown));
    const secret = pem.split('\n')[1] ?? '';
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(secret);
    expect(error).not.toHaveProperty('cause');
  });
});

describe('the folder of keys', () => {
  it.each([0o777, 0o770, 0o702])('is refused with mode %o', async (mode) => {
    await mkdir(folder);
    await chmod(folder, mode);
    await expect(DiskKeys.open(folder)).rejects.toMatchObject({ reason: 'key.permissions' });
  });

  it('is rid of what a crash left half written', async () => {
    const { keys, id } = await withKey();
    await writeFile(join(folder, `.${id}.pem.0123456789ab.tmp`), 'half of a key');
    await DiskKeys.open(folder);
    await expect(readdir(folder)).resolves.toEqual([`${id}.pem`]);
    expect((await keys.get(id))?.id).toBe(id);
  });
});

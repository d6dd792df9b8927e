import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sign, verify } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { DiskKeys } from '../../src/ca/disk-keys.ts';
import { checkSigner, type KeyManager, requireKey } from '../../src/ca/key-manager.ts';
import { MemoryKeys } from '../../src/ca/memory-keys.ts';
import { generateKeyPair, keyIdOf, spkiOf } from '../../src/pki/key.ts';
import { reasonOf } from '../support/reason-of.ts';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

async function diskKeys(): Promise<KeyManager> {
  const folder = await mkdtemp(join(tmpdir(), 'signet-keys-'));
  folders.push(folder);
  return DiskKeys.open(join(folder, 'keys'));
}

describe.each([
  { custody: 'in memory', open: async (): Promise<KeyManager> => new MemoryKeys() },
  { custody: 'on disk', open: diskKeys },
])('keys $custody', ({ open }) => {
  it.each(['P-256', 'Ed25519'] as const)('gives a %s key back under its name', async (kind) => {
    const keys = await open();
    const made = await keys.create('log', kind);
    const found = await keys.get('log');
    expect(found?.id).toBe('log');
    expect(found?.publicKey.equals(made.publicKey)).toBe(true);
    const digest = kind === 'P-256' ? 'sha256' : null;
    const signature = found && sign(digest, Buffer.from('data'), found.privateKey);
    expect(verify(digest, Buffer.from('data'), made.publicKey, signature ?? Buffer.of())).toBe(
      true,
    );
  });

  it('makes P-256 keys unless told otherwise', async () => {
    const { publicKey } = await (await open()).create('tls');
    expect(publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
  });

  it('knows nothing of a key that was never made', async () => {
    await expect((await open()).get('log')).resolves.toBeUndefined();
  });

  it('never makes a key in place of another', async () => {
    const keys = await open();
    const { publicKey } = await keys.create('log', 'Ed25519');
    await expect(keys.create('log', 'Ed25519')).rejects.toMatchObject({ reason: 'key.exists' });
    expect((await keys.get('log'))?.publicKey.equals(publicKey)).toBe(true);
  });

  it.each(['', '..', '../log', 'a/b', 'Log', 'log.pem', 'a\0', 'ä', 'a'.repeat(65)])(
    'refuses the name %j',
    async (name) => {
      await expect((await open()).create(name)).rejects.toMatchObject({ reason: 'key.name' });
    },
  );

  it('names the key of an authority by its key identifier', async () => {
    const { id, publicKey } = await (await open()).draft();
    expect(id).toBe(keyIdOf(spkiOf(publicKey)).toString('hex'));
  });

  it('lists a draft until it is kept, and has it all the while', async () => {
    const keys = await open();
    const { id } = await keys.draft();
    await expect(keys.drafts()).resolves.toEqual([id]);
    expect((await keys.get(id))?.id).toBe(id);
    await keys.keep(id);
    await keys.keep(id);
    await expect(keys.drafts()).resolves.toEqual([]);
    expect((await keys.get(id))?.id).toBe(id);
  });

  it('does not take a named key for a draft', async () => {
    const keys = await open();
    await keys.create('log', 'Ed25519');
    await expect(keys.drafts()).resolves.toEqual([]);
  });

  it('cannot keep what is not there', async () => {
    const keys = await open();
    await expect(keys.keep('0'.repeat(40))).rejects.toMatchObject({ reason: 'key.missing' });
  });

  it('destroys keys and drafts, and others stay', async () => {
    const keys = await open();
    const [kept, draft] = [await keys.draft(), await keys.draft()];
    const other = await keys.create('log', 'Ed25519');
    await keys.keep(kept.id);
    for (const { id } of [kept, draft, draft]) await keys.delete(id);
    await expect(keys.get(kept.id)).resolves.toBeUndefined();
    await expect(keys.get(draft.id)).resolves.toBeUndefined();
    await expect(keys.drafts()).resolves.toEqual([]);
    expect((await keys.get('log'))?.publicKey.equals(other.publicKey)).toBe(true);
  });

  it('gives private keys that can be posted to a thread', async () => {
    const { privateKey } = await (await open()).draft();
    expect(structuredClone(privateKey).equals(privateKey)).toBe(true);
  });
});

describe('requireKey', () => {
  it('gives the key that a certificate is about', async () => {
    const keys = new MemoryKeys();
    const { id, publicKey } = await keys.draft();
    expect((await requireKey(keys, id, spkiOf(publicKey))).id).toBe(id);
  });

  it('refuses another key under the same name', async () => {
    const keys = new MemoryKeys();
    await keys.create('issuer');
    const spki = spkiOf(generateKeyPair().publicKey);
    await expect(requireKey(keys, 'issuer', spki)).rejects.toMatchObject({
      reason: 'key.mismatch',
    });
  });

  it('says which key is missing', async () => {
    const spki = spkiOf(generateKeyPair().publicKey);
    await expect(requireKey(new MemoryKeys(), 'issuer', spki)).rejects.toMatchObject({
      reason: 'key.missing',
      details: { key: 'issuer' },
    });
  });
});

describe('checkSigner', () => {
  const pair = generateKeyPair();

  it('accepts halves that fit', () => {
    expect(reasonOf(() => checkSigner({ id: 'log', ...pair }))).toBeUndefined();
  });

  it('refuses halves of two keys', () => {
    const { publicKey } = generateKeyPair();
    expect(reasonOf(() => checkSigner({ id: 'log', ...pair, publicKey }))).toBe('key.damaged');
  });

  it('refuses kinds of key that we do not make', () => {
    const other = generateKeyPair('P-384');
    expect(reasonOf(() => checkSigner({ id: 'log', ...other }))).toBe('key.damaged');
  });

  it('refuses a key identifier that is not that of the key', () => {
    expect(reasonOf(() => checkSigner({ id: 'a'.repeat(40), ...pair }))).toBe('key.mismatch');
  });
});

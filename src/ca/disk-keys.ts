// Keys in files that only their owner can read, PKCS #8 in PEM, `<id>.pem`; a draft is `<id>.draft.pem`.
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { privateKeyDer } from '../pki/key.ts';
import { encodePem } from '../pki/pem.ts';
import { ensureDirectory, syncDirectory, writeDurably } from '../runtime/durable-file.ts';
import { SignetError } from '../runtime/errors.ts';
import {
  authoritySigner,
  checkKeyName,
  checkSigner,
  generateKey,
  type KeyKind,
  type KeyManager,
  type Signer,
} from './key-manager.ts';

const kept = '.pem';
const draft = '.draft.pem';
/** Far above any key we make. */
const maxKeyBytes = 16 * 1024;
const othersMayWrite = 0o022;
const othersMayAnything = 0o077;

export class DiskKeys implements KeyManager {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * @param folder created with mode 0700 if it is not there
   * @throws SignetError `key.permissions` if others may write to it
   */
  static async open(folder: string): Promise<DiskKeys> {
    await ensureDirectory(folder, 0o700);
    const { mode } = await stat(folder);
    if ((mode & othersMayWrite) !== 0) throw new SignetError('key.permissions');
    // a crash while a key was written leaves a part of it behind
    const parts = (await readdir(folder)).filter((name) => /^\..*\.tmp$/.test(name));
    for (const part of parts) await rm(join(folder, part), { force: true });
    return new DiskKeys(folder);
  }

  async create(id: string, kind: KeyKind = 'P-256'): Promise<Signer> {
    checkKeyName(id);
    if ((await this.get(id)) !== undefined) throw new SignetError('key.exists');
    const signer: Signer = { id, ...generateKey(kind) };
    await this.#write(signer, kept);
    return signer;
  }

  async draft(): Promise<Signer> {
    const signer = authoritySigner();
    await this.#write(signer, draft);
    return signer;
  }

  async keep(id: string): Promise<void> {
    if (await isThere(this.#path(id, kept))) return;
    if (!(await isThere(this.#path(id, draft)))) {
      throw new SignetError('key.missing', { details: { key: id } });
    }
    await rename(this.#path(id, draft), this.#path(id, kept));
    await syncDirectory(this.#folder);
  }

  async drafts(): Promise<readonly string[]> {
    const names = await readdir(this.#folder);
    return names
      .filter((name) => name.endsWith(draft) && !name.startsWith('.'))
      .map((name) => name.slice(0, -draft.length));
  }

  async get(id: string): Promise<Signer | undefined> {
    return (await this.#read(id, kept)) ?? (await this.#read(id, draft));
  }

  async delete(id: string): Promise<void> {
    for (const kind of [kept, draft]) await rm(this.#path(id, kind), { force: true });
    await syncDirectory(this.#folder);
  }

  #path(id: string, kind: string): string {
    checkKeyName(id);
    return join(this.#folder, id + kind);
  }

  async #write({ id, privateKey }: Signer, kind: string): Promise<void> {
    const pem = encodePem('PRIVATE KEY', privateKeyDer(privateKey));
    await writeDurably(this.#path(id, kind), Buffer.from(pem), 0o600);
  }

  async #read(id: string, kind: string): Promise<Signer | undefined> {
    const pem = await readPrivate(this.#path(id, kind), id);
    if (pem === undefined) return undefined;
    const signer = parse(id, pem);
    checkSigner(signer);
    return signer;
  }
}

/** @throws SignetError `key.permissions`, `key.damaged` */
async function readPrivate(path: string, key: string): Promise<Buffer | undefined> {
  // what a link points to is not ours to judge by its mode
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((error) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    if (codeOf(error) === 'ELOOP') throw new SignetError('key.permissions', { details: { key } });
    throw error;
  });
  if (file === undefined) return undefined;
  try {
    const { mode, size } = await file.stat();
    if ((mode & othersMayAnything) !== 0) {
      throw new SignetError('key.permissions', { details: { key } });
    }
    if (size > maxKeyBytes) throw new SignetError('key.damaged', { details: { key } });
    return await file.readFile();
  } finally {
    await file.close();
  }
}

function parse(id: string, pem: Buffer): Signer {
  try {
    const privateKey = createPrivateKey({ key: pem, format: 'pem' });
    return { id, privateKey, publicKey: createPublicKey(privateKey) };
  } catch {
    // not passed on as cause: OpenSSL may quote what it could not read
    throw new SignetError('key.damaged', { details: { key: id } });
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error) => {
      if (codeOf(error) === 'ENOENT') return false;
      throw error;
    },
  );
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

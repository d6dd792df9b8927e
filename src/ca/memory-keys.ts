// Keys that end with the process: for tests, the demo, and servers that get a new root at every start.
import { SignetError } from '../runtime/errors.ts';
import {
  authoritySigner,
  checkKeyName,
  generateKey,
  type KeyKind,
  type KeyManager,
  type Signer,
} from './key-manager.ts';

export class MemoryKeys implements KeyManager {
  readonly #keys = new Map<string, Signer>();
  readonly #drafts = new Set<string>();

  async create(id: string, kind: KeyKind = 'P-256'): Promise<Signer> {
    checkKeyName(id);
    if (this.#keys.has(id)) throw new SignetError('key.exists');
    const signer: Signer = { id, ...generateKey(kind) };
    this.#keys.set(id, signer);
    return signer;
  }

  async draft(): Promise<Signer> {
    const signer = authoritySigner();
    this.#keys.set(signer.id, signer);
    this.#drafts.add(signer.id);
    return signer;
  }

  async keep(id: string): Promise<void> {
    if (!this.#keys.has(id)) throw new SignetError('key.missing', { details: { key: id } });
    this.#drafts.delete(id);
  }

  async drafts(): Promise<readonly string[]> {
    return [...this.#drafts];
  }

  async get(id: string): Promise<Signer | undefined> {
    return this.#keys.get(id);
  }

  async delete(id: string): Promise<void> {
    this.#keys.delete(id);
    this.#drafts.delete(id);
  }
}

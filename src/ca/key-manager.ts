// Custody of private keys: those of authorities, each named by its key identifier, and the log's. A key
// of an authority is a draft until the authority is in the log, so that a crash in between leaves
// nothing but drafts behind, and only drafts are ever cleared away unasked.
import { generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { generateKeyPair, keyIdOf, type KeyPair, spkiOf } from '../pki/key.ts';
import { SignetError } from '../runtime/errors.ts';

export type KeyKind = 'P-256' | 'Ed25519';

export interface Signer {
  /** Name of the key; of an authority's, 40 characters of lower-case hex. */
  readonly id: string;
  readonly publicKey: KeyObject;
  /** In the memory of this process; can be posted to a worker thread. */
  readonly privateKey: KeyObject;
}

export interface KeyManager {
  /**
   * Makes a key under a name of ours, such as `log`, and keeps it.
   *
   * @param kind P-256 unless told otherwise
   * @throws SignetError `key.exists`, `key.name`
   */
  create(id: string, kind?: KeyKind): Promise<Signer>;

  /** Makes the P-256 key of an authority to be; its id is its key identifier. */
  draft(): Promise<Signer>;

  /** A draft is a draft no longer. Does nothing for a key that is none. @throws SignetError `key.missing` */
  keep(id: string): Promise<void>;

  /** Ids of the drafts there are. */
  drafts(): Promise<readonly string[]>;

  /**
   * Any key, draft or not; undefined if there is none of this name.
   *
   * @throws SignetError `key.permissions`, `key.damaged`, `key.mismatch` if its key identifier is not
   * its name although that looks like one
   */
  get(id: string): Promise<Signer | undefined>;

  /** Destroys a key. Does nothing if there is none. */
  delete(id: string): Promise<void>;
}

const namePattern = /^[a-z0-9-]{1,64}$/;
const keyIdPattern = /^[0-9a-f]{40}$/;
const probe = Buffer.from('signet key check');

/**
 * The key of a certificate, for whoever needs it there.
 *
 * @param spki of the certificate
 * @throws SignetError `key.missing`, `key.mismatch`, and as `KeyManager.get` does
 */
export async function requireKey(keys: KeyManager, id: string, spki: Uint8Array): Promise<Signer> {
  const signer = await keys.get(id);
  if (signer === undefined) throw new SignetError('key.missing', { details: { key: id } });
  if (!spkiOf(signer.publicKey).equals(spki)) {
    throw new SignetError('key.mismatch', { details: { key: id } });
  }
  return signer;
}

/** @throws SignetError `key.name` */
export function checkKeyName(id: string): void {
  if (!namePattern.test(id)) throw new SignetError('key.name');
}

export function generateKey(kind: KeyKind): KeyPair {
  return kind === 'P-256' ? generateKeyPair() : generateKeyPairSync('ed25519');
}

export function authoritySigner(): Signer {
  const { publicKey, privateKey } = generateKey('P-256');
  return { id: keyIdOf(spkiOf(publicKey)).toString('hex'), publicKey, privateKey };
}

/**
 * Checks what was read from storage: a kind we use, halves that fit each other (a flipped bit in the
 * private half shows in nothing else), and the name, if it is a key identifier.
 *
 * @throws SignetError `key.damaged`, `key.mismatch`
 */
export function checkSigner({ id, publicKey, privateKey }: Signer): void {
  const { asymmetricKeyType: type, asymmetricKeyDetails } = privateKey;
  const isKnown = type === 'ed25519' || asymmetricKeyDetails?.namedCurve === 'prime256v1';
  if (!isKnown || !isPair(publicKey, privateKey)) {
    throw new SignetError('key.damaged', { details: { key: id } });
  }
  if (keyIdPattern.test(id) && keyIdOf(spkiOf(publicKey)).toString('hex') !== id) {
    throw new SignetError('key.mismatch', { details: { key: id } });
  }
}

function isPair(publicKey: KeyObject, privateKey: KeyObject): boolean {
  const digest = privateKey.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  try {
    return verify(digest, probe, publicKey, sign(digest, probe, privateKey));
  } catch {
    return false;
  }
}

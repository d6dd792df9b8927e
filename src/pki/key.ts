// Key pairs, and the forms in which keys are stored and named.
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { SignetError } from '../runtime/errors.ts';
import { DerReader, tag } from './der-reader.ts';

export type KeyAlgorithm = 'P-256' | 'P-384' | 'RSA-2048' | 'RSA-3072' | 'RSA-4096';

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const generators: Readonly<Record<KeyAlgorithm, () => KeyPair>> = {
  'P-256': () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  'P-384': () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  'RSA-2048': () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  'RSA-3072': () => generateKeyPairSync('rsa', { modulusLength: 3072 }),
  'RSA-4096': () => generateKeyPairSync('rsa', { modulusLength: 4096 }),
};

/** A new key pair; P-256 costs about 20 microseconds, RSA up to a second. */
export function generateKeyPair(algorithm: KeyAlgorithm = 'P-256'): KeyPair {
  return generators[algorithm]();
}

/** SubjectPublicKeyInfo DER of a public key, or of the public half of a private one. */
export function spkiOf(key: KeyObject): Buffer {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return publicKey.export({ type: 'spki', format: 'der' });
}

/**
 * Key identifier: SHA-1 of the bits of the public key (RFC 5280 4.2.1.2 (1)).
 *
 * @returns 20 bytes
 * @throws SignetError `der.*`
 */
export function keyIdOf(spki: Uint8Array): Buffer {
  const info = DerReader.only(spki, tag.sequence);
  const bits = info.read(tag.sequence).octets();
  return createHash('sha1').update(bits).digest();
}

/** PKCS #8 DER, unencrypted: whoever sees it has the key. */
export function privateKeyDer(key: KeyObject): Buffer {
  return key.export({ type: 'pkcs8', format: 'der' });
}

/**
 * Reads PKCS #8 DER.
 *
 * @throws SignetError `key.malformed`
 */
export function parsePrivateKey(der: Uint8Array): KeyObject {
  try {
    return createPrivateKey({ key: Buffer.from(der), type: 'pkcs8', format: 'der' });
  } catch {
    // not passed on as cause: OpenSSL may quote what it could not read
    throw new SignetError('key.malformed');
  }
}

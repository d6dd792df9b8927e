// The signature algorithms we verify, as rows: what the AlgorithmIdentifier reads, which keys it goes
// with, and the digest. What has no row (SHA-1, MD5, RSA-PSS, DSA, EdDSA) is refused.
import { verify, type KeyObject } from 'node:crypto';

export interface SignatureAlgorithm {
  /** AlgorithmIdentifier DER. */
  readonly der: Buffer;
  readonly keyType: 'ec' | 'rsa';
  readonly digest: 'sha256' | 'sha384' | 'sha512';
}

const row = (
  der: string,
  keyType: SignatureAlgorithm['keyType'],
  digest: SignatureAlgorithm['digest'],
): SignatureAlgorithm => ({ der: Buffer.from(der, 'hex'), keyType, digest });

export const ecdsaWithSha256 = row('300a06082a8648ce3d040302', 'ec', 'sha256');

const rows: readonly SignatureAlgorithm[] = [
  ecdsaWithSha256,
  row('300a06082a8648ce3d040303', 'ec', 'sha384'),
  row('300a06082a8648ce3d040304', 'ec', 'sha512'),
  row('300d06092a864886f70d01010b0500', 'rsa', 'sha256'),
  row('300d06092a864886f70d01010c0500', 'rsa', 'sha384'),
  row('300d06092a864886f70d01010d0500', 'rsa', 'sha512'),
];

export function signatureAlgorithm(der: Uint8Array): SignatureAlgorithm | undefined {
  return rows.find((candidate) => candidate.der.equals(der));
}

/** Whether `signature` over `data` verifies; false, too, if key and algorithm do not go together. */
export function verifies(
  algorithm: SignatureAlgorithm,
  data: Uint8Array,
  key: KeyObject,
  signature: Uint8Array,
): boolean {
  if (key.asymmetricKeyType !== algorithm.keyType) return false;
  try {
    return verify(algorithm.digest, data, key, signature);
  } catch {
    return false;
  }
}

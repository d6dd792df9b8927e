// Signs certificates: only what a lint has passed, and only with the key of the issuer it was linted for.
import { sign, type KeyObject } from 'node:crypto';
import { spkiOf } from './key.ts';
import type { LintedTbs } from './linted-tbs.ts';

/** Signs with ECDSA and SHA-256, and gives a DER sequence of r and s. */
export type Sign = (data: Buffer, key: KeyObject) => Buffer;

// the KeyObject itself: `{ key, dsaEncoding }` costs a third more, and DER is the default anyway
const ecdsa: Sign = (data, key) => sign('sha256', data, key);
const algorithm = Buffer.from('300a06082a8648ce3d040302', 'hex');
const headBytes = 4;
const spkis = new WeakMap<KeyObject, Buffer>();

/**
 * @param key P-256 private key of the issuer
 * @returns the certificate, DER
 * @throws SignetError `lint.used`, `lint.issuer`
 */
export function signCertificate(linted: LintedTbs, key: KeyObject, signer: Sign = ecdsa): Buffer {
  const spki = spkis.get(key) ?? spkiOf(key);
  spkis.set(key, spki);
  const tbs = linted.redeem(spki);
  const signature = signer(tbs, key);

  // tbs, algorithm and signature are always longer than 255 bytes and shorter than 65,536
  const length = tbs.length + algorithm.length + 3 + signature.length;
  const der = Buffer.allocUnsafe(headBytes + length);
  der.writeUInt16BE(0x3082, 0);
  der.writeUInt16BE(length, 2);
  let at = headBytes + tbs.copy(der, headBytes);
  at += algorithm.copy(der, at);
  der[at] = 0x03;
  der[at + 1] = signature.length + 1;
  der[at + 2] = 0;
  signature.copy(der, at + 3);
  return der;
}

// Which public keys we accept, decided on the bytes of SubjectPublicKeyInfo before OpenSSL sees them:
// P-256 and P-384 as an uncompressed point of a named curve (RFC 5480), RSA of 2048 to 4096 bits (RFC 3279).
import { SignetError } from '../runtime/errors.ts';
import { DerReader, tag } from './der-reader.ts';
import { checkModulus } from './weak-rsa.ts';

export type KeyFamily = 'P-256' | 'P-384' | 'RSA';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');

/** SubjectPublicKeyInfo of an EC key up to the 0x04 of its point. */
const curves = [
  {
    family: 'P-256',
    head: hex('3059301306072a8648ce3d020106082a8648ce3d03010703420004'),
    length: 91,
  },
  { family: 'P-384', head: hex('3076301006072a8648ce3d020106052b8104002203620004'), length: 120 },
] as const;

/** Accepted above leaves, where others choose the key. */
const p521 = { head: hex('30819b301006072a8648ce3d020106052b810400230381860004'), length: 158 };

const rsaAlgorithm = hex('300d06092a864886f70d0101010500');
const minModulusBits = 2048;
const maxModulusBits = 4096;
const minExponent = 65_537;

/**
 * Checks that a key is of a kind we certify, and strong enough. Whether an EC point lies on its curve
 * comes out when the key is used.
 *
 * @throws SignetError `key.algorithm`, `key.size`, `key.exponent`, `key.weak`, `der.*`
 */
export function checkPublicKey(spki: Uint8Array): KeyFamily {
  const curve = curves.find((candidate) => isOn(candidate, spki));
  if (curve !== undefined) return curve.family;
  checkModulus(rsaModulus(spki));
  return 'RSA';
}

/**
 * Checks a key in a chain that others made: P-521 passes as well, and RSA by its size alone, so that no
 * peer chooses how long we compute.
 *
 * @throws SignetError `key.algorithm`, `key.size`, `key.exponent`, `der.*`
 */
export function checkChainKey(spki: Uint8Array): void {
  const isCurve = [...curves, p521].some((curve) => isOn(curve, spki));
  if (!isCurve) rsaModulus(spki);
}

function isOn({ head, length }: { head: Buffer; length: number }, spki: Uint8Array): boolean {
  return spki.length === length && head.equals(spki.subarray(0, head.length));
}

function rsaModulus(spki: Uint8Array): Buffer {
  const info = DerReader.only(spki, tag.sequence);
  if (!info.read(tag.sequence).is(rsaAlgorithm)) throw new SignetError('key.algorithm');
  const key = DerReader.only(info.octets(), tag.sequence);
  info.finish();
  const modulus = key.unsigned();
  const exponent = key.unsigned();
  key.finish();
  const bits = bitLength(modulus);
  if (bits < minModulusBits || bits > maxModulusBits) {
    throw new SignetError('key.size', { details: { bits } });
  }
  const isSmall = exponent.length <= 5;
  const value = isSmall ? exponent.readUIntBE(0, exponent.length) : 0;
  if (value < minExponent || value % 2 === 0) throw new SignetError('key.exponent');
  return modulus;
}

function bitLength(bytes: Uint8Array): number {
  const first = bytes.findIndex((byte) => byte !== 0);
  if (first === -1) return 0;
  return 8 * (bytes.length - first) - Math.clz32(bytes[first] ?? 0) + 24;
}

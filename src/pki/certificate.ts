// Our own strict view of a certificate (RFC 5280 4), read from its bytes and nothing else.
import { createPublicKey, type KeyObject } from 'node:crypto';
import { SignetError } from '../runtime/errors.ts';
import { DerReader, tag } from './der-reader.ts';
import { readTime } from './der-time.ts';
import { readExtensions, type CertificateExtensions } from './certificate-extensions.ts';

/** Buffers are views of `der`. */
export interface Certificate extends CertificateExtensions {
  readonly der: Buffer;
  readonly tbs: Buffer;
  /** Lower-case hex, of even length. */
  readonly serial: string;
  /** AlgorithmIdentifier DER; inside and outside are the same. */
  readonly signatureAlgorithm: Buffer;
  readonly signature: Buffer;
  /** Name DER. */
  readonly issuer: Buffer;
  /** Name DER. */
  readonly subject: Buffer;
  /** Unix seconds. */
  readonly notBefore: number;
  /** Unix seconds. */
  readonly notAfter: number;
  /** SubjectPublicKeyInfo DER. */
  readonly spki: Buffer;
  /** Read on first use. @throws SignetError `key.malformed` */
  readonly publicKey: KeyObject;
}

/** Upper bound on the DER of one certificate. */
export const maxCertificateBytes = 32 * 1024;
const maxSerialBytes = 20;
const version3 = Buffer.from('a003020102', 'hex');

/** @throws SignetError `certificate.*`, `names.*`, `name_constraints.*`, `der.*` */
export function parseCertificate(bytes: Uint8Array): Certificate {
  if (bytes.length > maxCertificateBytes) {
    throw new SignetError('certificate.too_long', { details: { limit: maxCertificateBytes } });
  }
  const der = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const outer = DerReader.only(der, tag.sequence);
  const tbs = outer.read(tag.sequence).raw();
  const fields = outer.inside();
  const signatureAlgorithm = outer.read(tag.sequence).raw();
  const signature = outer.octets();
  outer.finish();

  if (fields.peek() !== tag.constructed(0) || !fields.read(tag.constructed(0)).is(version3)) {
    throw new SignetError('certificate.version');
  }
  const serial = fields.unsigned();
  if (serial.length > maxSerialBytes) throw new SignetError('certificate.serial');
  if (!fields.read(tag.sequence).is(signatureAlgorithm)) {
    throw new SignetError('certificate.algorithm');
  }
  const issuer = fields.read(tag.sequence).raw();
  const validity = fields.read(tag.sequence).inside();
  const notBefore = readTime(validity);
  const notAfter = readTime(validity);
  validity.finish();
  const subject = fields.read(tag.sequence).raw();
  const spki = fields.read(tag.sequence).raw();
  if (fields.peek() !== tag.constructed(3)) throw new SignetError('certificate.version');
  const extensions = readExtensions(fields.read(tag.constructed(3)).inside());
  fields.finish();

  let publicKey: KeyObject | undefined;
  return {
    der,
    tbs,
    serial: serial.toString('hex'),
    signatureAlgorithm,
    signature,
    issuer,
    subject,
    notBefore,
    notAfter,
    spki,
    ...extensions,
    get publicKey() {
      publicKey ??= importKey(spki);
      return publicKey;
    },
  };
}

function importKey(spki: Buffer): KeyObject {
  try {
    return createPublicKey({ key: spki, type: 'spki', format: 'der' });
  } catch (cause) {
    throw new SignetError('key.malformed', { cause });
  }
}

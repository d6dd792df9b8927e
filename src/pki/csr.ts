// Certificate requests (PKCS #10, RFC 2986): read strictly, checked for proof of possession, asked for
// their names. Nothing but the key and these names is ever taken from one.
import { createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { SignetError } from '../runtime/errors.ts';
import type { SpiffeId } from '../spiffe/spiffe-id.ts';
import { DerReader, tag } from './der-reader.ts';
import { bitString, extension, oid, sequence, set, tlv, unsigned } from './der-writer.ts';
import { nameTag, noNames, readGeneralNames, type GeneralNames } from './general-names.ts';
import { spkiOf } from './key.ts';
import { extensionOid, extensionRequestOid } from './oids.ts';
import { checkPublicKey } from './public-key.ts';
import {
  ecdsaWithSha256,
  signatureAlgorithm,
  verifies,
  type SignatureAlgorithm,
} from './signature-algorithm.ts';

/** Upper bound on the DER of a request. */
export const maxCsrBytes = 16 * 1024;

/** All buffers are views of the request. */
export interface CertificateRequest {
  /** SubjectPublicKeyInfo, of a kind that `checkPublicKey` accepts. */
  readonly spki: Buffer;
  /** What the requester signed. */
  readonly signed: Buffer;
  readonly signature: Buffer;
  readonly algorithm: SignatureAlgorithm;
  /** Content of the attributes; empty if there are none. */
  readonly attributes: Buffer;
}

const p256PemHead = `-----BEGIN PUBLIC KEY-----\n${Buffer.from(
  '3059301306072a8648ce3d020106082a8648ce3d03010703420004',
  'hex',
).toString('base64')}`;
const pemTail = '\n-----END PUBLIC KEY-----\n';
const p256HeadLength = 27;
const p256SpkiLength = 91;

/**
 * Reads a request. The subject it asks for is passed over.
 *
 * @throws SignetError `csr.too_long`, `csr.version`, `csr.algorithm`, `key.*`, `der.*`
 */
export function parseCsr(der: Uint8Array): CertificateRequest {
  if (der.length > maxCsrBytes) {
    throw new SignetError('csr.too_long', { details: { limit: maxCsrBytes } });
  }
  const request = DerReader.only(der, tag.sequence);
  const signed = request.read(tag.sequence).raw();
  const info = request.inside();
  if (info.small() !== 0) throw new SignetError('csr.version');
  info.read(tag.sequence);
  const spki = info.read(tag.sequence).raw();
  const hasAttributes = info.peek() === tag.constructed(0);
  const attributes = hasAttributes ? info.read(tag.constructed(0)).content() : Buffer.alloc(0);
  info.finish();
  const algorithm = signatureAlgorithm(request.read(tag.sequence).raw());
  const signature = request.octets();
  request.finish();
  const family = checkPublicKey(spki);
  if (algorithm === undefined || (algorithm.keyType === 'rsa') !== (family === 'RSA')) {
    throw new SignetError('csr.algorithm');
  }
  return { spki, signed, signature, algorithm, attributes };
}

/** Whether the sender holds the private key; false, too, for a point that is not on its curve. */
export function provesPossession(csr: CertificateRequest): boolean {
  const { spki, signed, signature, algorithm } = csr;
  try {
    if (spki.length === p256SpkiLength) {
      // As a string, since node:crypto probes every kind of object by two thrown and caught errors.
      // 27 bytes are 36 characters of base64, so the PEM is one concatenation.
      const point = spki.toString('base64', p256HeadLength);
      return verify(algorithm.digest, signed, p256PemHead + point + pemTail, signature);
    }
    const key = createPublicKey({ key: spki, type: 'spki', format: 'der' });
    return verifies(algorithm, signed, key, signature);
  } catch {
    return false;
  }
}

/** @throws SignetError `csr.possession` */
export function checkPossession(csr: CertificateRequest): void {
  if (!provesPossession(csr)) throw new SignetError('csr.possession');
}

/**
 * The names a request asks for: at most one URI. Names of other kinds and other extensions are passed
 * over, as nothing ever copies them.
 *
 * @throws SignetError `csr.duplicate`, `csr.uris`, `names.*`, `der.*`
 */
export function requestedNames(csr: CertificateRequest): GeneralNames {
  const attributes = new DerReader(csr.attributes);
  const seen = new Set<string>();
  let names = noNames;
  while (!attributes.done) {
    const attribute = attributes.read(tag.sequence).inside();
    const type = once(seen, attribute.read(tag.oid));
    const values = attribute.read(tag.set).inside();
    attribute.finish();
    if (type === requestOidHex) names = readExtensionRequest(values);
  }
  return names;
}

const contentHex = (dotted: string): string => oid(dotted).subarray(2).toString('hex');
const requestOidHex = contentHex(extensionRequestOid);
const subjectAltNameHex = contentHex(extensionOid.subjectAltName);

function readExtensionRequest(values: DerReader): GeneralNames {
  const extensions = values.read(tag.sequence).inside();
  values.finish();
  const seen = new Set<string>();
  let names = noNames;
  while (!extensions.done) {
    const item = extensions.read(tag.sequence).inside();
    const type = once(seen, item.read(tag.oid));
    item.flag();
    const value = item.read(tag.octetString).inside();
    item.finish();
    if (type === subjectAltNameHex) names = readGeneralNames(value);
  }
  if (names.uris.length > 1) throw new SignetError('csr.uris');
  return names;
}

function once(seen: Set<string>, reader: DerReader): string {
  const type = reader.content().toString('hex');
  if (seen.has(type)) throw new SignetError('csr.duplicate');
  seen.add(type);
  return type;
}

export interface CsrDraft {
  /** P-256. */
  readonly privateKey: KeyObject;
  readonly publicKey?: KeyObject;
  readonly uris?: readonly SpiffeId[];
  readonly dnsNames?: readonly string[];
}

/** Writes and signs a request without subject; without names it has no attributes either. */
export function createCsr({ privateKey, publicKey, uris = [], dnsNames = [] }: CsrDraft): Buffer {
  const names = [
    ...uris.map((uri) => tlv(nameTag.uri, Buffer.from(uri, 'latin1'))),
    ...dnsNames.map((name) => tlv(nameTag.dns, Buffer.from(name, 'latin1'))),
  ];
  const extensions = sequence(extension(extensionOid.subjectAltName, sequence(...names)));
  const attributes = names.length > 0 ? [sequence(oid(extensionRequestOid), set(extensions))] : [];
  const info = sequence(
    unsigned(Uint8Array.of(0)),
    sequence(),
    spkiOf(publicKey ?? privateKey),
    tlv(tag.constructed(0), ...attributes),
  );
  const signature = sign(ecdsaWithSha256.digest, info, privateKey);
  return sequence(info, ecdsaWithSha256.der, bitString(signature));
}

// Certificate requests for tests: well-formed by default, and wrong in whatever way a test asks for.
import { sign, type KeyObject } from 'node:crypto';
import {
  bitString,
  extension,
  oid,
  sequence,
  set,
  tlv,
  unsigned,
} from '../../src/pki/der-writer.ts';
import { generateKeyPair, type KeyPair, spkiOf } from '../../src/pki/key.ts';

export interface CsrOptions {
  readonly keys?: KeyPair;
  /** Instead of that of `keys`. */
  readonly spki?: Buffer;
  /** Signs instead of `keys`. */
  readonly signingKey?: KeyObject;
  readonly digest?: string;
  /** AlgorithmIdentifier DER. */
  readonly algorithm?: Buffer;
  readonly version?: Buffer;
  /** Name DER. */
  readonly subject?: Buffer;
  /** GeneralName DER, for a subject alternative name. */
  readonly names?: readonly Buffer[];
  /** Extension DER, after that of the names. */
  readonly extensions?: readonly Buffer[];
  /** Attribute DER, instead of the extension request. */
  readonly attributes?: readonly Buffer[];
}

export const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'));
export const ecdsaWithSha384 = sequence(oid('1.2.840.10045.4.3.3'));
export const rsaWithSha256 = sequence(oid('1.2.840.113549.1.1.11'), tlv(5));
export const sanOid = '2.5.29.17';

export const uriName = (uri: string | Uint8Array): Buffer => tlv(0x86, Buffer.from(uri));
export const dnsName = (name: string): Buffer => tlv(0x82, Buffer.from(name, 'latin1'));
export const sanExtension = (...names: readonly Buffer[]): Buffer =>
  extension(sanOid, sequence(...names));

/** An extensionRequest attribute. */
export const extensionRequest = (...extensions: readonly Buffer[]): Buffer =>
  sequence(oid('1.2.840.113549.1.9.14'), set(sequence(...extensions)));

export function buildCsr(options: CsrOptions = {}): Buffer {
  const { keys = generateKeyPair(), digest = 'sha256', names = [], extensions = [] } = options;
  const requested = [...(names.length > 0 ? [sanExtension(...names)] : []), ...extensions];
  const attributes =
    options.attributes ?? (requested.length > 0 ? [extensionRequest(...requested)] : []);
  const info = sequence(
    options.version ?? unsigned(Uint8Array.of(0)),
    options.subject ?? sequence(),
    options.spki ?? spkiOf(keys.publicKey),
    tlv(0xa0, ...attributes),
  );
  const signature = sign(digest, info, options.signingKey ?? keys.privateKey);
  return sequence(info, options.algorithm ?? ecdsaWithSha256, bitString(signature));
}

// Certificates for tests that the code under test would never issue: any field, any extension, any signer.
import { sign, type KeyObject } from 'node:crypto';
import {
  bitString,
  directoryString,
  extension,
  namedBits,
  octetString,
  oid,
  sequence,
  set,
  time,
  tlv,
  unsigned,
} from '../../src/pki/der-writer.ts';
import { generateKeyPair, type KeyPair, keyIdOf, spkiOf } from '../../src/pki/key.ts';
import { ecdsaWithSha256, sanExtension, uriName } from './csr-builder.ts';

/** Inside the validity of every certificate built here, unless it says otherwise. */
export const testTime = Date.UTC(2030, 0, 1) / 1000;

export interface CertificateOptions {
  readonly keys?: KeyPair;
  readonly spki?: Buffer;
  /** Common name. */
  readonly subject?: string;
  readonly issuer?: BuiltCertificate;
  readonly signingKey?: KeyObject;
  readonly digest?: string;
  readonly algorithm?: Buffer;
  readonly innerAlgorithm?: Buffer;
  readonly version?: Buffer;
  readonly serial?: Buffer;
  readonly validity?: Buffer;
  readonly notBefore?: number;
  readonly notAfter?: number;
  /** Bits, digitalSignature first; undefined leaves the extension out. */
  readonly keyUsage?: number | undefined;
  readonly isCa?: boolean;
  readonly pathLength?: number;
  readonly usages?: readonly string[];
  readonly names?: readonly Buffer[];
  readonly keyIds?: boolean;
  /** Extension DER, after the usual ones. */
  readonly extensions?: readonly Buffer[];
  /** Extension DER, instead of all others. */
  readonly onlyExtensions?: readonly Buffer[];
}

export interface BuiltCertificate {
  readonly der: Buffer;
  readonly name: Buffer;
  readonly keys: KeyPair;
  readonly spki: Buffer;
}

export const commonNameOf = (name: string): Buffer =>
  sequence(set(sequence(oid('2.5.4.3'), directoryString(name))));
const caUsage = 0b1100000;
const leafUsage = 0b1;

/** A leaf for `spiffe://prod.example/w`, self-signed unless there is an issuer. */
export function buildCertificate(options: CertificateOptions = {}): BuiltCertificate {
  const { keys = generateKeyPair(), isCa = false, issuer } = options;
  const { names = [uriName(isCa ? 'spiffe://prod.example' : 'spiffe://prod.example/w')] } = options;
  const spki = options.spki ?? spkiOf(keys.publicKey);
  const name = commonNameOf(options.subject ?? (isCa ? 'a CA' : 'a leaf'));
  const { pathLength } = options;
  const limit = pathLength === undefined ? [] : [unsigned(Uint8Array.of(pathLength))];
  const usage = 'keyUsage' in options ? options.keyUsage : isCa ? caUsage : leafUsage;
  const keyIds =
    options.keyIds === false
      ? []
      : [
          extension('2.5.29.14', octetString(keyIdOf(spki))),
          extension('2.5.29.35', sequence(tlv(0x80, keyIdOf(issuer?.spki ?? spki)))),
        ];
  const extensions = options.onlyExtensions ?? [
    ...(usage === undefined ? [] : [extension('2.5.29.15', namedBits(usage), true)]),
    ...(options.usages ? [extension('2.5.29.37', sequence(...options.usages.map(oid)))] : []),
    extension(
      '2.5.29.19',
      isCa ? sequence(tlv(1, Uint8Array.of(255)), ...limit) : sequence(),
      true,
    ),
    ...keyIds,
    ...(names.length > 0 ? [sanExtension(...names)] : []),
    ...(options.extensions ?? []),
  ];
  const algorithm = options.algorithm ?? ecdsaWithSha256;
  const tbs = sequence(
    options.version ?? Buffer.from('a003020102', 'hex'),
    options.serial ?? unsigned(Uint8Array.of(1, 2, 3)),
    options.innerAlgorithm ?? algorithm,
    issuer?.name ?? name,
    options.validity ??
      sequence(
        time(options.notBefore ?? testTime - 3600),
        time(options.notAfter ?? testTime + 3600),
      ),
    name,
    spki,
    tlv(0xa3, sequence(...extensions)),
  );
  const signingKey = options.signingKey ?? (issuer?.keys ?? keys).privateKey;
  const signature = sign(options.digest ?? 'sha256', tbs, signingKey);
  return { der: sequence(tbs, algorithm, bitString(signature)), name, keys, spki };
}

export const buildCa = (options: CertificateOptions = {}): BuiltCertificate =>
  buildCertificate({ ...options, isCa: true });

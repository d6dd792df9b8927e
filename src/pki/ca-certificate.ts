// Certificates of authorities, roots and issuers. They are rare, so a library writes them; a throw-away key
// signs first, the lint reads what came out, and only then the caller's key signs the same bytes.
// oxlint-disable-next-line import/no-unassigned-import -- the library below needs it loaded first
import 'reflect-metadata';
import { createHash, type KeyObject, webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { spiffeId } from '../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../spiffe/trust-domain.ts';
import { lintAuthority } from './ca-certificate-lint.ts';
import { parseCertificate, type Certificate } from './certificate.ts';
import { signCertificate } from './certificate-sign.ts';
import { directoryString, oid, sequence, set, tlv } from './der-writer.ts';
import { keyIdOf, type KeyPair, spkiOf } from './key.ts';
import type { LintedTbs } from './linted-tbs.ts';
import { attributeOid, extensionOid } from './oids.ts';
import { checkPublicKey } from './public-key.ts';

export interface AuthorityOrder {
  readonly trustDomain: TrustDomain;
  /** SubjectPublicKeyInfo DER. */
  readonly spki: Buffer;
  /** 16 bytes of a SerialSource. It is also in the subject, which makes subjects distinct. */
  readonly serial: Buffer;
  /** Unix seconds. */
  readonly notBefore: number;
  /** Unix seconds. */
  readonly notAfter: number;
  /** How many CAs may follow below; defaults to 1 for roots and 0 for issuers. */
  readonly pathLength?: number;
}

/** An authority certificate that is ready to be signed. */
export interface PreparedAuthority {
  /** Key id in lower-case hex. */
  readonly id: string;
  /** SHA-256 of the TBSCertificate in base64url: what the intent in the log commits to. */
  readonly tbsHash: string;
  readonly linted: LintedTbs;
}

/** Prepares a self-signed root. @throws SignetError `lint.*`, `key.*` */
export function prepareRoot(order: AuthorityOrder): Promise<PreparedAuthority> {
  const subject = nameOf(order, 'root');
  const keyId = keyIdOf(order.spki).toString('hex');
  const self = { subject, subjectKeyId: keyId, spki: order.spki, notAfter: order.notAfter };
  return prepare(order, subject, self, order.pathLength ?? 1);
}

/** Prepares an issuer below `parent`. @throws SignetError `lint.*`, `key.*` */
export function prepareIssuer(
  order: AuthorityOrder,
  parent: Certificate,
): Promise<PreparedAuthority> {
  return prepare(order, nameOf(order, 'issuer'), parent, order.pathLength ?? 0);
}

/** Signs what was prepared. @throws SignetError `lint.used`, `lint.issuer` */
export function signAuthority({ linted }: PreparedAuthority, parentKey: KeyObject): Certificate {
  return parseCertificate(signCertificate(linted, parentKey));
}

/** A root in one step, for where no intent has to be logged. */
export async function buildRoot(
  order: Omit<AuthorityOrder, 'spki'>,
  keys: KeyPair,
): Promise<Certificate> {
  const prepared = await prepareRoot({ ...order, spki: spkiOf(keys.publicKey) });
  return signAuthority(prepared, keys.privateKey);
}

/** An issuer in one step, for where no intent has to be logged. */
export async function buildIssuer(
  order: AuthorityOrder,
  parent: Certificate,
  parentKey: KeyObject,
): Promise<Certificate> {
  return signAuthority(await prepareIssuer(order, parent), parentKey);
}

type Parent = Pick<Certificate, 'subject' | 'spki' | 'subjectKeyId' | 'notAfter'>;

async function prepare(
  order: AuthorityOrder,
  subject: Buffer,
  parent: Parent,
  pathLength: number,
): Promise<PreparedAuthority> {
  checkPublicKey(order.spki);
  const { trustDomain, spki, serial } = order;
  const keyId = keyIdOf(spki).toString('hex');
  const constraint = hasNameConstraint(trustDomain) ? [nameConstraint(trustDomain)] : [];
  const draft = await X509CertificateGenerator.create({
    serialNumber: serial.toString('hex'),
    subject: new Name(toArrayBuffer(subject)),
    issuer: new Name(toArrayBuffer(parent.subject)),
    notBefore: new Date(order.notBefore * 1000),
    notAfter: new Date(order.notAfter * 1000),
    publicKey: new PublicKey(toArrayBuffer(spki)),
    signingKey: await throwAwayKey(),
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    extensions: [
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      new BasicConstraintsExtension(true, pathLength, true),
      new SubjectKeyIdentifierExtension(keyId),
      new AuthorityKeyIdentifierExtension(parent.subjectKeyId ?? ''),
      new SubjectAlternativeNameExtension([{ type: 'url', value: spiffeId(trustDomain) }]),
      ...constraint,
    ],
  });
  const { tbs } = parseCertificate(Buffer.from(draft.rawData));
  const linted = lintAuthority(tbs, { ...order, subject, pathLength }, parent);
  const tbsHash = createHash('sha256').update(tbs).digest('base64url');
  return { id: keyId, tbsHash, linted };
}

/**
 * Whether verifiers can match the trust domain as the host of a URI. BoringSSL and Go refuse names with
 * `_`, names that look like an IPv4 address, and labels that are empty or end in a hyphen.
 */
export function hasNameConstraint(trustDomain: TrustDomain): boolean {
  const isHost = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(
    trustDomain,
  );
  return isHost && !/(^|\.)[0-9]+$/.test(trustDomain);
}

/** The bare host: it permits this trust domain and no subdomain. */
function nameConstraint(trustDomain: TrustDomain): Extension {
  const subtree = sequence(tlv(0x86, Buffer.from(trustDomain)));
  const value = sequence(tlv(0xa0, subtree));
  return new Extension(extensionOid.nameConstraints, true, toArrayBuffer(value));
}

/** `O=<trust domain>, CN=Signet <role>, serialNumber=<serial>`; O takes 64 characters (RFC 5280 A.1). */
function nameOf({ trustDomain, serial }: AuthorityOrder, role: string): Buffer {
  const attributes = [
    [attributeOid.organization, trustDomain.slice(0, 64)],
    [attributeOid.commonName, `Signet ${role}`],
    [attributeOid.serialNumber, serial.toString('hex')],
  ] as const;
  return sequence(
    ...attributes.map(([type, value]) => set(sequence(oid(type), directoryString(value)))),
  );
}

async function throwAwayKey(): Promise<webcrypto.CryptoKey> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const { privateKey } = await webcrypto.subtle.generateKey(algorithm, false, ['sign', 'verify']);
  return privateKey;
}

function toArrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}

// The extensions of a certificate that we process (RFC 5280 4.2), a row each. An unknown one is noted if
// it is critical and passed over if it is not.
import { SignetError } from '../runtime/errors.ts';
import { type DerReader, tag } from './der-reader.ts';
import { readGeneralNames, type GeneralNames } from './general-names.ts';
import { readNameConstraints, type NameConstraints } from './name-constraints.ts';
import { dottedOid, extensionOid } from './oids.ts';

/** In the order of their bits. */
const keyUsages = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;

export type KeyUsage = (typeof keyUsages)[number];

export interface CertificateExtensions {
  /** Absent if the certificate does not restrict it. */
  readonly keyUsage?: ReadonlySet<KeyUsage>;
  /** Dotted OIDs; absent if the certificate does not restrict it. */
  readonly extendedKeyUsage?: readonly string[];
  readonly isCa: boolean;
  readonly pathLength?: number;
  /** Lower-case hex. */
  readonly subjectKeyId?: string;
  /** Lower-case hex. */
  readonly authorityKeyId?: string;
  readonly uris: readonly string[];
  readonly dnsNames: readonly string[];
  /** Tags of subject alternative names that are neither URI nor DNS name. */
  readonly otherNameTags: ReadonlySet<number>;
  readonly nameConstraints?: NameConstraints;
  /** All of them, in order; dotted OIDs. */
  readonly extensions: readonly { readonly type: string; readonly isCritical: boolean }[];
  /** Dotted OIDs. Whoever relies on the certificate refuses it if there are any. */
  readonly unknownCritical: readonly string[];
}

const maxExtensions = 64;

type Found = { -readonly [K in keyof CertificateExtensions]: CertificateExtensions[K] };

const readers = new Map<string, (value: DerReader, into: Found) => void>([
  [extensionOid.keyUsage, (value, into) => (into.keyUsage = readKeyUsage(value))],
  [extensionOid.extendedKeyUsage, (value, into) => (into.extendedKeyUsage = readOids(value))],
  [extensionOid.basicConstraints, readBasicConstraints],
  [
    extensionOid.subjectKeyId,
    (value, into) => (into.subjectKeyId = value.read(tag.octetString).content().toString('hex')),
  ],
  [extensionOid.authorityKeyId, readAuthorityKeyId],
  [extensionOid.subjectAltName, (value, into) => setNames(readGeneralNames(value), into)],
  [
    extensionOid.nameConstraints,
    (value, into) => (into.nameConstraints = readNameConstraints(value)),
  ],
  // no policy is required, so any will do (RFC 5280 6.1.1)
  [extensionOid.certificatePolicies, (value) => void value.read(tag.sequence)],
]);

/**
 * @param outer stands before the SEQUENCE of extensions
 * @throws SignetError `certificate.extension`, `names.*`, `name_constraints.*`, `der.*`
 */
export function readExtensions(outer: DerReader): CertificateExtensions {
  const list = outer.read(tag.sequence).inside();
  outer.finish();
  const extensions: { type: string; isCritical: boolean }[] = [];
  const unknownCritical: string[] = [];
  const found: Found = {
    isCa: false,
    uris: [],
    dnsNames: [],
    otherNameTags: new Set(),
    extensions,
    unknownCritical,
  };
  const seen = new Set<string>();
  while (!list.done) {
    const item = list.read(tag.sequence).inside();
    const type = dottedOid(item.read(tag.oid).content());
    const isCritical = item.flag();
    const value = item.read(tag.octetString).inside();
    item.finish();
    if (seen.has(type) || seen.size === maxExtensions)
      throw new SignetError('certificate.extension');
    seen.add(type);
    extensions.push({ type, isCritical });
    const reader = readers.get(type);
    if (reader === undefined) {
      if (isCritical) unknownCritical.push(type);
      continue;
    }
    reader(value, found);
    value.finish();
  }
  return found;
}

function readKeyUsage(value: DerReader): ReadonlySet<KeyUsage> {
  const bits = value.namedBits();
  return new Set(keyUsages.filter((_, bit) => ((bits >> bit) & 1) === 1));
}

function readOids(value: DerReader): string[] {
  const list = value.read(tag.sequence).inside();
  const oids: string[] = [];
  while (!list.done) oids.push(dottedOid(list.read(tag.oid).content()));
  if (oids.length === 0) throw new SignetError('certificate.extension');
  return oids;
}

function readBasicConstraints(value: DerReader, into: Found): void {
  const fields = value.read(tag.sequence).inside();
  into.isCa = fields.flag();
  if (!fields.done) {
    if (!into.isCa) throw new SignetError('certificate.extension');
    into.pathLength = fields.small();
  }
  fields.finish();
}

/** Issuer and serial, if there, are passed over. */
function readAuthorityKeyId(value: DerReader, into: Found): void {
  const fields = value.read(tag.sequence).inside();
  if (fields.peek() === tag.context(0)) {
    into.authorityKeyId = fields.read(tag.context(0)).content().toString('hex');
  }
  while (!fields.done) fields.skip();
}

function setNames({ uris, dnsNames, otherTags }: GeneralNames, into: Found): void {
  into.uris = uris;
  into.dnsNames = dnsNames;
  into.otherNameTags = otherTags;
}

/** As the bits of a key usage extension, that of digitalSignature first. */
export function keyUsageBits(usages: readonly KeyUsage[]): number {
  return usages.reduce((bits, usage) => bits | (1 << keyUsages.indexOf(usage)), 0);
}

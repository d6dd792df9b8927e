// Reads a drafted leaf back, field by field, before it is signed: what does not have exactly the shape of
// its profile is refused. It shares nothing with the template but the rules, so that one mistake has to be
// made twice to get out.
import { hash } from 'node:crypto';
import { SignetError } from '../runtime/errors.ts';
import type { Reason } from '../runtime/reasons.ts';
import type { SpiffeId } from '../spiffe/spiffe-id.ts';
import type { Certificate } from './certificate.ts';
import { DerReader, tag } from './der-reader.ts';
import { readTime } from './der-time.ts';
import { LintedTbs } from './linted-tbs.ts';
import type { Profile } from './profile.ts';

/** What was decided, told to the lint apart from the template. */
export interface LeafOrder {
  readonly spki: Uint8Array;
  readonly spiffeId: SpiffeId;
  readonly dnsNames: readonly string[];
}

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const version3 = hex('a003020102');
const ecdsaWithSha256 = hex('300a06082a8648ce3d040302');
const countryUs = hex('310b3009060355040613025553');
const organizationSpire = hex('310e300c060355040a13055350495245');
const commonName = hex('0603550403');

/** PrintableString and UTF8String. */
const stringTags = [0x13, 0x0c];

const extensionTypes = {
  keyUsage: hex('0603551d0f'),
  extendedKeyUsage: hex('0603551d25'),
  basicConstraints: hex('0603551d13'),
  subjectKeyId: hex('0603551d0e'),
  authorityKeyId: hex('0603551d23'),
  subjectAltName: hex('0603551d11'),
};
const notCa = hex('04023000');
/** Of the content of an OBJECT IDENTIFIER. */
const extendedKeyUsages = new Map([
  ['2b06010505070301', '1.3.6.1.5.5.7.3.1'],
  ['2b06010505070302', '1.3.6.1.5.5.7.3.2'],
]);
const usageBits = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
];

export class CertificateLint {
  readonly #issuer: Certificate;
  readonly #issuerKeyId: Buffer;
  readonly #profile: Profile;

  /** @throws SignetError `lint.issuer` if the issuer is no CA */
  constructor(issuer: Certificate, profile: Profile) {
    const { isCa, keyUsage, subjectKeyId } = issuer;
    if (!isCa || keyUsage?.has('keyCertSign') !== true || subjectKeyId === undefined) {
      throw new SignetError('lint.issuer');
    }
    this.#issuer = issuer;
    this.#issuerKeyId = hex(subjectKeyId);
    this.#profile = profile;
  }

  /**
   * @param tbs drafted; copied, so that changing it afterwards changes nothing
   * @throws SignetError `lint.*`, `der.*`
   */
  check(tbs: Uint8Array, order: LeafOrder): LintedTbs {
    return LintedTbs.of(tbs, this.#issuer.spki, (copy) => this.#lint(copy, order));
  }

  #lint(tbs: Buffer, order: LeafOrder): void {
    const issuer = this.#issuer;
    const fields = DerReader.only(tbs, tag.sequence);
    must('lint.version', fields.read(tag.constructed(0)).is(version3));
    lintSerial(fields.unsigned());
    must('lint.algorithm', fields.read(tag.sequence).is(ecdsaWithSha256));
    must('lint.issuer', fields.read(tag.sequence).is(issuer.subject));
    this.#lintValidity(fields.read(tag.sequence).inside());
    lintSubject(fields.read(tag.sequence).inside(), order.dnsNames[0]);
    const isOrdered = fields.read(tag.sequence).is(order.spki);
    must('lint.key', isOrdered && !issuer.spki.equals(order.spki));
    const key = fields.inside();
    key.read(tag.sequence);
    const keyId = hash('sha1', key.octets(), 'buffer');
    key.finish();
    this.#lintExtensions(fields.read(tag.constructed(3)).inside(), keyId, order);
    fields.finish();
  }

  #lintValidity(validity: DerReader): void {
    const { maxTtlSeconds, backdateSeconds } = this.#profile;
    const notBefore = readTime(validity);
    const notAfter = readTime(validity);
    validity.finish();
    const seconds = notAfter - notBefore;
    must('lint.validity', seconds > 0 && seconds <= maxTtlSeconds + backdateSeconds);
    must('lint.outlives_issuer', notAfter <= this.#issuer.notAfter);
  }

  #lintExtensions(outer: DerReader, keyId: Buffer, order: LeafOrder): void {
    const list = outer.read(tag.sequence).inside();
    outer.finish();
    this.#lintKeyUsage(next(list, extensionTypes.keyUsage, true));
    this.#lintExtendedKeyUsage(next(list, extensionTypes.extendedKeyUsage, false));
    const constraints = next(list, extensionTypes.basicConstraints, true);
    must('lint.basic_constraints', constraints.read(tag.octetString).is(notCa));
    const own = next(list, extensionTypes.subjectKeyId, false).read(tag.octetString).inside();
    must('lint.key_id', own.read(tag.octetString).content().equals(keyId));
    own.finish();
    const authority = next(list, extensionTypes.authorityKeyId, false)
      .read(tag.octetString)
      .inside();
    const parts = authority.read(tag.sequence).inside();
    must('lint.key_id', parts.read(tag.context(0)).content().equals(this.#issuerKeyId));
    parts.finish();
    authority.finish();
    lintNames(next(list, extensionTypes.subjectAltName, false), order);
    list.finish();
  }

  #lintKeyUsage(item: DerReader): void {
    const value = item.read(tag.octetString).inside();
    const bits = value.namedBits();
    value.finish();
    // bits 5 and up, keyCertSign and cRLSign among them, have no name here and so never pass
    const expected = new Set<string>(this.#profile.keyUsage);
    const found = usageBits.filter((_, bit) => ((bits >> bit) & 1) === 1);
    const isSame = found.length === expected.size && found.every((usage) => expected.has(usage));
    must('lint.key_usage', isSame && bits < 2 ** usageBits.length);
  }

  #lintExtendedKeyUsage(item: DerReader): void {
    const value = item.read(tag.octetString).inside();
    const list = value.read(tag.sequence).inside();
    value.finish();
    for (const expected of this.#profile.extendedKeyUsage) {
      const found = list.read(tag.oid).content().toString('hex');
      must('lint.extended_key_usage', extendedKeyUsages.get(found) === expected);
    }
    list.finish();
  }
}

function lintSerial(serial: Buffer): void {
  must('lint.serial', serial.length === 16 && serial[0] !== 0);
}

function lintSubject(subject: DerReader, firstDnsName: string | undefined): void {
  must('lint.subject', subject.read(tag.set).is(countryUs));
  must('lint.subject', subject.read(tag.set).is(organizationSpire));
  if (firstDnsName !== undefined) {
    const name = subject.read(tag.set).inside().read(tag.sequence).inside();
    must('lint.subject', name.read(tag.oid).is(commonName));
    must('lint.subject', stringTags.includes(name.peek()));
    const value = name.skip().content().toString('latin1');
    must('lint.subject', value === firstDnsName);
    name.finish();
  }
  subject.finish();
}

function lintNames(item: DerReader, { spiffeId, dnsNames }: LeafOrder): void {
  const value = item.read(tag.octetString).inside();
  const names = value.read(tag.sequence).inside();
  value.finish();
  const uri = names.read(tag.context(6)).content().toString('latin1');
  must('lint.names', uri === spiffeId);
  for (const expected of dnsNames) {
    const found = names.read(tag.context(2)).content().toString('latin1');
    must('lint.names', found === expected);
  }
  names.finish();
}

/** The next extension must be of this type; gives a reader that stands before its value. */
function next(list: DerReader, type: Buffer, isCritical: boolean): DerReader {
  const item = list.read(tag.sequence).inside();
  must('lint.extension', item.read(tag.oid).is(type) && item.flag() === isCritical);
  return item;
}

type LintReason = Extract<Reason, `lint.${string}`>;

function must(reason: LintReason, holds: boolean): void {
  if (!holds) throw new SignetError(reason);
}

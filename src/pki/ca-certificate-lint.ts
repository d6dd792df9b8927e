// Reads the draft of an authority certificate back before it is signed, as certificate-lint.ts does for
// leaves.
import { SignetError } from '../runtime/errors.ts';
import type { Reason } from '../runtime/reasons.ts';
import type { TrustDomain } from '../spiffe/trust-domain.ts';
import type { Certificate } from './certificate.ts';
import { readExtensions } from './certificate-extensions.ts';
import { DerReader, tag } from './der-reader.ts';
import { readTime } from './der-time.ts';
import { nameTag } from './general-names.ts';
import { keyIdOf } from './key.ts';
import { LintedTbs } from './linted-tbs.ts';

export interface AuthorityExpectation {
  readonly trustDomain: TrustDomain;
  readonly spki: Uint8Array;
  readonly serial: Uint8Array;
  /** Name DER. */
  readonly subject: Uint8Array;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly pathLength: number;
}

type Parent = Pick<Certificate, 'subject' | 'spki' | 'subjectKeyId' | 'notAfter'> &
  Partial<Pick<Certificate, 'pathLength'>>;

const version3 = Buffer.from('a003020102', 'hex');
const ecdsaWithSha256 = Buffer.from('300a06082a8648ce3d040302', 'hex');

/** Which extensions, in which order; the critical ones are marked. */
const plainShape = '2.5.29.15! 2.5.29.19! 2.5.29.14 2.5.29.35 2.5.29.17';
const constrainedShape = `${plainShape} 2.5.29.30!`;

/** @throws SignetError `lint.*`, `der.*` */
export function lintAuthority(
  draft: Uint8Array,
  expected: AuthorityExpectation,
  parent: Parent,
): LintedTbs {
  return LintedTbs.of(draft, parent.spki, (tbs) => {
    const fields = DerReader.only(tbs, tag.sequence);
    must('lint.version', fields.read(tag.constructed(0)).is(version3));
    const serial = fields.unsigned();
    must('lint.serial', serial.equals(expected.serial) && serial.length === 16);
    must('lint.algorithm', fields.read(tag.sequence).is(ecdsaWithSha256));
    must('lint.issuer', fields.read(tag.sequence).is(parent.subject));
    const validity = fields.read(tag.sequence).inside();
    const notBefore = readTime(validity);
    const notAfter = readTime(validity);
    validity.finish();
    const isAsked = notBefore === expected.notBefore && notAfter === expected.notAfter;
    must('lint.validity', isAsked && notBefore < notAfter);
    must('lint.outlives_issuer', notAfter <= parent.notAfter);
    must('lint.subject', fields.read(tag.sequence).is(expected.subject));
    must('lint.key', fields.read(tag.sequence).is(expected.spki));
    lintExtensions(fields.read(tag.constructed(3)).inside(), expected, parent);
    fields.finish();
  });
}

function lintExtensions(list: DerReader, expected: AuthorityExpectation, parent: Parent): void {
  const found = readExtensions(list);
  const { trustDomain, pathLength, spki } = expected;
  const usage = [...(found.keyUsage ?? [])].join();
  must('lint.key_usage', usage === 'keyCertSign,cRLSign');
  must('lint.extended_key_usage', found.extendedKeyUsage === undefined);
  const { pathLength: parentLength = Infinity } = parent;
  const isBelow = spki === parent.spki || pathLength < parentLength;
  must('lint.basic_constraints', found.isCa && found.pathLength === pathLength && isBelow);
  const isOwn = found.subjectKeyId === keyIdOf(spki).toString('hex');
  must('lint.key_id', isOwn && found.authorityKeyId === parent.subjectKeyId);
  const isNamed = found.uris.length === 1 && found.uris[0] === `spiffe://${trustDomain}`;
  must('lint.names', isNamed && found.dnsNames.length === 0 && found.otherNameTags.size === 0);
  const shape = found.extensions.map(({ type, isCritical }) => type + (isCritical ? '!' : ''));
  const { permitted = [], excluded = [] } = found.nameConstraints ?? {};
  const subtrees = permitted.map(({ kind, base }) => `${String(kind)} ${base}`).join();
  const own = `${String(nameTag.uri)} ${trustDomain}`;
  // verifiers stumble over names that cannot be a host, so these go without
  const needed = /_|(^|\.)-|-(\.|$)|(^|\.)[0-9]+$|\.$|^\.|\.\./.test(trustDomain) ? '' : own;
  must('lint.extension', shape.join(' ') === (needed === '' ? plainShape : constrainedShape));
  must('lint.name_constraints', subtrees === needed && excluded.length === 0);
}

function must(reason: Extract<Reason, `lint.${string}`>, holds: boolean): void {
  if (!holds) throw new SignetError(reason);
}

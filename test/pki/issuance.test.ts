// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 needs it loaded first
import 'reflect-metadata';
import { sign, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CertificateLint } from '../../src/pki/certificate-lint.ts';
import { signCertificate } from '../../src/pki/certificate-sign.ts';
import { CertificateTemplate } from '../../src/pki/certificate-template.ts';
import { parseCertificate } from '../../src/pki/certificate.ts';
import { generateKeyPair, spkiOf } from '../../src/pki/key.ts';
import { encodePem } from '../../src/pki/pem.ts';
import { parseProfile } from '../../src/pki/profile.ts';
import { parseSpiffeId } from '../../src/spiffe/spiffe-id.ts';
import { openssl } from '../support/openssl.ts';
import { reasonOf } from '../support/reason-of.ts';
import { testCa, workloadProfile } from '../support/test-ca.ts';

const ca = await testCa();
const { subject, subjectKeyId = '' } = ca.issuer;
const template = new CertificateTemplate({ subject, subjectKeyId }, workloadProfile);
const lint = new CertificateLint(ca.issuer, workloadProfile);
const spki = spkiOf(generateKeyPair().publicKey);
const keys = [
  spki,
  spkiOf(generateKeyPair('P-384').publicKey),
  spkiOf(generateKeyPair('RSA-2048').publicKey),
];
const order = { spki, spiffeId: parseSpiffeId('spiffe://prod.example/w'), dnsNames: ['a.example'] };
const fields = () => ({
  ...order,
  notBefore: ca.now() - 10,
  notAfter: ca.now() + 3600,
  serial: ca.serials.next(),
});
const pem = (der: Uint8Array) => encodePem('CERTIFICATE', der);

const throwAway = await webcrypto.subtle.generateKey(
  { name: 'ECDSA', namedCurve: 'P-256' },
  false,
  ['sign', 'verify'],
);

/** The same certificate by a library that shares nothing with the template. */
async function referenceTbs(f: Parameters<CertificateTemplate['draft']>[0]): Promise<Buffer> {
  const buffer = (bytes: Uint8Array) => Uint8Array.from(bytes).buffer;
  const [commonName] = f.dnsNames;
  const made = await x509.X509CertificateGenerator.create({
    serialNumber: Buffer.from(f.serial).toString('hex'),
    issuer: new x509.Name(buffer(subject)),
    subject: [
      { C: ['US'] },
      { O: ['SPIRE'] },
      ...(commonName === undefined ? [] : [{ CN: [commonName] }]),
    ],
    notBefore: new Date(f.notBefore * 1000),
    notAfter: new Date(f.notAfter * 1000),
    publicKey: new x509.PublicKey(buffer(f.spki)),
    signingKey: throwAway.privateKey,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    extensions: [
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.digitalSignature |
          x509.KeyUsageFlags.keyEncipherment |
          x509.KeyUsageFlags.keyAgreement,
        true,
      ),
      new x509.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']),
      new x509.BasicConstraintsExtension(false, undefined, true),
      await x509.SubjectKeyIdentifierExtension.create(new x509.PublicKey(buffer(f.spki))),
      new x509.AuthorityKeyIdentifierExtension(subjectKeyId),
      new x509.SubjectAlternativeNameExtension([
        { type: 'url', value: f.spiffeId },
        ...f.dnsNames.map((value) => ({ type: 'dns' as const, value })),
      ]),
    ],
  });
  return parseCertificate(Buffer.from(made.rawData)).tbs;
}

describe('CertificateTemplate', () => {
  const y2050 = Date.UTC(2050, 0, 1) / 1000;
  const moments = fc.oneof(
    fc.integer({ min: 0, max: Date.UTC(9999, 0) / 1000 }),
    fc.integer({ min: y2050 - 2, max: y2050 + 2 }),
  );

  it('writes the bytes that @peculiar/x509 writes', async () => {
    const drafts = fc.record({
      spki: fc.constantFrom(spki, spki, ...keys),
      spiffeId: fc
        .stringMatching(/^[a-zA-Z0-9_-]{1,300}$/)
        .map((path) => parseSpiffeId(`spiffe://prod.example/${path}`)),
      dnsNames: fc.oneof(
        fc.constant([]),
        fc.array(fc.stringMatching(/^(\*\.)?[a-z0-9]{1,20}(\.[a-z0-9]{1,20}){0,2}$/), {
          maxLength: 3,
        }),
      ),
      notBefore: moments,
      notAfter: moments,
      serial: fc
        .uint8Array({ minLength: 15, maxLength: 15 })
        .map((bytes) => Buffer.from([1, ...bytes])),
    });
    await fc.assert(
      fc.asyncProperty(drafts, async (draft) => {
        expect(template.draft(draft).toString('hex')).toBe(
          (await referenceTbs(draft)).toString('hex'),
        );
      }),
      { numRuns: 150 },
    );
  });

  it('gives bytes of their own each time', () => {
    const one = template.draft({ ...fields(), dnsNames: [] });
    const copy = Buffer.from(one);
    template.draft({ ...fields(), dnsNames: [] });
    expect(one).toEqual(copy);
  });

  it('writes what openssl verifies and shows', () => {
    for (const dnsNames of [[], ['a.example', '*.b.example']]) {
      const { certificate } = ca.leaf({ dnsNames });
      const files = {
        root: pem(ca.root.der),
        issuer: pem(ca.issuer.der),
        leaf: pem(certificate.der),
      };
      const at = String(ca.now());
      const args = [
        'verify',
        '-x509_strict',
        '-attime',
        at,
        '-CAfile',
        'root',
        '-untrusted',
        'issuer',
        'leaf',
      ];
      expect(openssl(args, files).text).toContain('leaf: OK');
      const { text } = openssl(['x509', '-in', 'leaf', '-noout', '-text'], files);
      expect(text).toContain('Digital Signature, Key Encipherment, Key Agreement');
      expect(text).toContain(
        ['URI:spiffe://prod.example/w', ...dnsNames.map((n) => `DNS:${n}`)].join(', '),
      );
      expect(text).toContain(dnsNames.length > 0 ? 'O = SPIRE, CN = a.example' : 'O = SPIRE\n');
    }
  });
});

describe('CertificateLint', () => {
  it('passes what the template writes', () => {
    for (const key of keys) {
      expect(
        reasonOf(() =>
          lint.check(template.draft({ ...fields(), spki: key }), { ...order, spki: key }),
        ),
      ).toBeUndefined();
    }
  });

  it.each([
    {
      why: 'another SPIFFE ID',
      change: { spiffeId: parseSpiffeId('spiffe://prod.example/v') },
      reason: 'lint.names',
    },
    {
      why: 'another DNS name',
      change: { dnsNames: ['a.example', 'b.example'] },
      reason: 'der.trailing',
    },
    { why: 'another first DNS name', change: { dnsNames: ['b.example'] }, reason: 'lint.subject' },
    { why: 'no DNS name', change: { dnsNames: [] }, reason: 'der.tag' },
    {
      why: 'another key',
      change: { spki: spkiOf(generateKeyPair().publicKey) },
      reason: 'lint.key',
    },
    { why: 'the key of the issuer', change: { spki: ca.issuer.spki }, reason: 'lint.key' },
    { why: 'no time', change: { notAfter: ca.now() - 10 }, reason: 'lint.validity' },
    { why: 'the reverse of time', change: { notAfter: ca.now() - 11 }, reason: 'lint.validity' },
    {
      why: 'more than the profile allows',
      change: { notAfter: ca.now() + 86_401 },
      reason: 'lint.validity',
    },
    {
      why: 'a life beyond its issuer',
      change: { notBefore: ca.issuer.notAfter - 60, notAfter: ca.issuer.notAfter + 1 },
      reason: 'lint.outlives_issuer',
    },
    { why: 'a short serial', change: { serial: Buffer.alloc(15, 1) }, reason: 'lint.serial' },
    {
      why: 'a negative-looking serial',
      change: { serial: Buffer.alloc(16, 0xff) },
      reason: 'lint.serial',
    },
  ])('refuses $why', ({ change, reason }) => {
    const tbs = template.draft({ ...fields(), ...change });
    const decided =
      'spki' in change && change.spki === ca.issuer.spki ? { ...order, ...change } : order;
    expect(reasonOf(() => lint.check(tbs, decided))).toBe(reason);
  });

  it('lets a leaf end with its issuer', () => {
    const notAfter = ca.issuer.notAfter;
    const tbs = template.draft({ ...fields(), notBefore: notAfter - 60, notAfter });
    expect(reasonOf(() => lint.check(tbs, order))).toBeUndefined();
  });

  it.each([
    {
      why: 'key usage',
      config: { keyUsage: ['digitalSignature'] as const },
      reason: 'lint.key_usage',
    },
  ])('refuses the $why of another profile', ({ config, reason }) => {
    const other = parseProfile({ name: 'agent', maxTtlSeconds: 3600, ...config });
    const tbs = new CertificateTemplate({ subject, subjectKeyId }, other).draft(fields());
    expect(reasonOf(() => lint.check(tbs, order))).toBe(reason);
  });

  it.each([
    { why: 'name', issuer: { subject: ca.root.subject, subjectKeyId }, reason: 'lint.issuer' },
    { why: 'key id', issuer: { subject, subjectKeyId: '00'.repeat(20) }, reason: 'lint.key_id' },
  ])('refuses the $why of another issuer', ({ issuer, reason }) => {
    const tbs = new CertificateTemplate(issuer, workloadProfile).draft(fields());
    expect(reasonOf(() => lint.check(tbs, order))).toBe(reason);
  });

  it('refuses an issuer that is no CA', () => {
    const { certificate } = ca.leaf();
    expect(reasonOf(() => new CertificateLint(certificate, workloadProfile))).toBe('lint.issuer');
  });

  it('notices any changed byte but in serial and times', () => {
    const good = template.draft(fields());
    const free = good.indexOf(subject);
    const timesEnd = free + subject.length + 32;
    for (let at = 0; at < good.length; at += 1) {
      const isSerial = at >= 11 && at < 27;
      const isFree = isSerial || (at >= free + subject.length && at < timesEnd);
      if (isFree) continue;
      const changed = Buffer.from(good);
      changed[at] = (good[at] ?? 0) ^ 0x01;
      expect(
        reasonOf(() => lint.check(changed, order)),
        `byte ${String(at)}`,
      ).toMatch(/^(lint|der)\./);
    }
  });
});

describe('signCertificate', () => {
  it('signs the bytes that were linted, whatever becomes of the draft', () => {
    const tbs = template.draft(fields());
    const before = Buffer.from(tbs);
    const linted = lint.check(tbs, order);
    tbs.fill(0);
    expect(parseCertificate(signCertificate(linted, ca.issuerKey)).tbs).toEqual(before);
  });

  it('signs once', () => {
    const linted = lint.check(template.draft(fields()), order);
    signCertificate(linted, ca.issuerKey);
    expect(reasonOf(() => signCertificate(linted, ca.issuerKey))).toBe('lint.used');
  });

  it('signs with the key of the issuer only', () => {
    const linted = lint.check(template.draft(fields()), order);
    let signatures = 0;
    const spy = (data: Buffer, key: Parameters<typeof sign>[2]) => {
      signatures += 1;
      return sign('sha256', data, key);
    };
    const { privateKey } = generateKeyPair();
    expect(reasonOf(() => signCertificate(linted, privateKey, spy))).toBe('lint.issuer');
    expect(signatures).toBe(0);
    expect(reasonOf(() => signCertificate(linted, ca.issuerKey, spy))).toBeUndefined();
    expect(signatures).toBe(1);
  });
});

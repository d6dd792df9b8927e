import { X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maxCertificateBytes, parseCertificate } from '../../src/pki/certificate.ts';
import { extension, octetString, oid, sequence, tlv, unsigned } from '../../src/pki/der-writer.ts';
import { keyIdOf } from '../../src/pki/key.ts';
import { buildCa, buildCertificate, testTime } from '../support/certificate-builder.ts';
import { dnsName, rsaWithSha256, sanExtension, sanOid, uriName } from '../support/csr-builder.ts';
import { openssl } from '../support/openssl.ts';
import { reasonOf } from '../support/reason-of.ts';

const hex = (text: string) => Buffer.from(text, 'hex');

describe('parseCertificate', () => {
  it('reads a leaf field by field', () => {
    const ca = buildCa();
    const names = [uriName('spiffe://prod.example/w'), dnsName('a.example')];
    const usages = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'];
    const leaf = buildCertificate({ issuer: ca, names, usages, serial: unsigned(hex('00ab12')) });
    const read = parseCertificate(leaf.der);
    expect(read).toMatchObject({
      serial: '00ab12',
      notBefore: testTime - 3600,
      notAfter: testTime + 3600,
      isCa: false,
      subjectKeyId: keyIdOf(leaf.spki).toString('hex'),
      authorityKeyId: keyIdOf(ca.spki).toString('hex'),
      uris: ['spiffe://prod.example/w'],
      dnsNames: ['a.example'],
      extendedKeyUsage: usages,
      unknownCritical: [],
    });
    expect(read.issuer).toEqual(ca.name);
    expect(read.subject).toEqual(leaf.name);
    expect(read.spki).toEqual(leaf.spki);
    expect(read.publicKey.equals(leaf.keys.publicKey)).toBe(true);
    expect(read.keyUsage).toEqual(new Set(['digitalSignature']));
    expect(read.pathLength).toBeUndefined();
  });

  it('reads a CA', () => {
    const read = parseCertificate(buildCa({ pathLength: 3 }).der);
    expect(read).toMatchObject({ isCa: true, pathLength: 3 });
    expect(read.keyUsage).toEqual(new Set(['keyCertSign', 'cRLSign']));
  });

  it('agrees with node:crypto and openssl on what openssl makes', () => {
    const args =
      'req -x509 -newkey rsa:2048 -nodes -keyout k -days 2 -outform DER -subj /C=US/O=x/CN=y';
    const added = [
      'subjectAltName=URI:spiffe://prod.example/w,DNS:a.example,IP:10.0.0.1,email:a@b',
      'keyUsage=critical,digitalSignature,keyEncipherment',
      'certificatePolicies=1.2.3.4',
    ].flatMap((line) => ['-addext', line]);
    const made = openssl(args.split(' ').concat(added)).stdout;
    const read = parseCertificate(made);
    const node = new X509Certificate(made);
    expect(read.serial).toBe(node.serialNumber.toLowerCase());
    expect(read.notBefore).toBe(Date.parse(node.validFrom) / 1000);
    expect(read.notAfter).toBe(Date.parse(node.validTo) / 1000);
    expect(read.publicKey.equals(node.publicKey)).toBe(true);
    expect(read.isCa).toBe(true);
    expect(read.keyUsage).toEqual(new Set(['digitalSignature', 'keyEncipherment']));
    expect(read.uris).toEqual(['spiffe://prod.example/w']);
    expect(read.dnsNames).toEqual(['a.example']);
    expect(read.otherNameTags).toEqual(new Set([0x87, 0x81]));
    expect(read.unknownCritical).toEqual([]);
  });

  it('takes one string for one name, however it reads', () => {
    const uri = 'spiffe://a, URI:spiffe://b';
    const { der } = buildCertificate({ names: [uriName(uri)] });
    expect(parseCertificate(der).uris).toEqual([uri]);
  });

  it('notes unknown extensions that are critical, and only these', () => {
    const extensions = [extension('1.2.3.4', sequence(), true), extension('1.2.3.5', sequence())];
    const read = parseCertificate(buildCertificate({ extensions }).der);
    expect(read.unknownCritical).toEqual(['1.2.3.4']);
    expect(read.extensions.slice(-2)).toEqual([
      { type: '1.2.3.4', isCritical: true },
      { type: '1.2.3.5', isCritical: false },
    ]);
  });

  it('does not take a certificate within an extension for anything', () => {
    const inner = buildCa({ names: [uriName('spiffe://evil.example')] }).der;
    const read = parseCertificate(
      buildCertificate({ extensions: [extension('1.2.3.4', inner)] }).der,
    );
    expect(read.uris).toEqual(['spiffe://prod.example/w']);
    expect(read.isCa).toBe(false);
  });

  const good = buildCertificate().der;
  const san = sanExtension(uriName('spiffe://prod.example/w'));
  it.each([
    { why: 'nothing', der: Buffer.alloc(0), reason: 'der.tag' },
    {
      why: 'more than 32 KiB',
      der: Buffer.alloc(maxCertificateBytes + 1),
      reason: 'certificate.too_long',
    },
    { why: 'trailing bytes', der: Buffer.concat([good, hex('00')]), reason: 'der.trailing' },
    {
      why: 'version 1',
      der: buildCertificate({ version: Buffer.alloc(0) }).der,
      reason: 'certificate.version',
    },
    {
      why: 'version 2',
      der: buildCertificate({ version: hex('a003020101') }).der,
      reason: 'certificate.version',
    },
    {
      why: 'a negative serial',
      der: buildCertificate({ serial: hex('0201ff') }).der,
      reason: 'der.integer',
    },
    {
      why: 'a padded serial',
      der: buildCertificate({ serial: hex('02020001') }).der,
      reason: 'der.integer',
    },
    {
      why: 'a serial of 21 bytes',
      der: buildCertificate({ serial: unsigned(Buffer.alloc(21, 1)) }).der,
      reason: 'certificate.serial',
    },
    {
      why: 'two signature algorithms',
      der: buildCertificate({ innerAlgorithm: rsaWithSha256 }).der,
      reason: 'certificate.algorithm',
    },
    {
      why: 'one time',
      der: buildCertificate({ validity: sequence(hex('170d3330303130313030303030305a')) }).der,
      reason: 'der.tag',
    },
    {
      why: 'no extensions',
      der: buildCertificate({ onlyExtensions: [sequence()] }).der,
      reason: 'der.tag',
    },
    {
      why: 'two lists of names',
      der: buildCertificate({ extensions: [san] }).der,
      reason: 'certificate.extension',
    },
    {
      why: '65 extensions',
      der: buildCertificate({
        extensions: Array.from({ length: 65 }, (_, i) =>
          extension(`1.2.3.${String(i)}`, sequence()),
        ),
      }).der,
      reason: 'certificate.extension',
    },
    {
      why: 'a name with NUL',
      der: buildCertificate({ names: [uriName('spiffe://a\0')] }).der,
      reason: 'names.character',
    },
    {
      why: 'a name with a high byte',
      der: buildCertificate({ names: [uriName(hex('7370ffee'))] }).der,
      reason: 'names.character',
    },
    {
      why: 'a path length without a CA',
      der: buildCertificate({
        onlyExtensions: [extension('2.5.29.19', sequence(unsigned(hex('00'))))],
      }).der,
      reason: 'certificate.extension',
    },
    {
      why: 'a CA flag of FALSE',
      der: buildCertificate({ onlyExtensions: [extension('2.5.29.19', sequence(hex('010100')))] })
        .der,
      reason: 'der.boolean',
    },
    {
      why: 'an empty key usage list',
      der: buildCertificate({ onlyExtensions: [extension('2.5.29.37', sequence())] }).der,
      reason: 'certificate.extension',
    },
    {
      why: 'bytes after an extension',
      der: buildCertificate({
        onlyExtensions: [
          extension('2.5.29.14', Buffer.concat([octetString(hex('aa')), hex('0500')])),
        ],
      }).der,
      reason: 'der.trailing',
    },
    {
      why: 'malformed name constraints',
      der: buildCa({ extensions: [extension('2.5.29.30', sequence(), true)] }).der,
      reason: 'name_constraints.malformed',
    },
  ])('refuses $why', ({ der, reason }) => {
    expect(reasonOf(() => parseCertificate(der))).toBe(reason);
  });

  it.each([
    '2.5.29.14',
    '2.5.29.15',
    sanOid,
    '2.5.29.19',
    '2.5.29.30',
    '2.5.29.32',
    '2.5.29.35',
    '2.5.29.37',
  ])('survives nothing and an empty sequence as the value of %s', (type) => {
    for (const value of [Buffer.alloc(0), sequence()]) {
      const { der } = buildCertificate({ onlyExtensions: [extension(type, value)] });
      expect(reasonOf(() => parseCertificate(der)) ?? 'der.').toMatch(
        /^(der|certificate|names|name_constraints)\./,
      );
    }
  });

  it('reports a key that OpenSSL cannot read when it is used, and lives on', () => {
    const spki = sequence(sequence(oid('1.2.840.10045.2.1'), tlv(5)), tlv(3, hex('00ff')));
    const read = parseCertificate(buildCertificate({ spki, keyIds: false }).der);
    expect(reasonOf(() => read.publicKey)).toBe('key.malformed');
  });

  it('fails with a SignetError on any damage, or reads something else', () => {
    const { der } = buildCertificate({ issuer: buildCa(), usages: ['1.3.6.1.5.5.7.3.1'] });
    const damage = fc.array(fc.tuple(fc.nat(der.length - 1), fc.nat(255)), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(damage, (changes) => {
        const bytes = Buffer.from(der);
        for (const [at, value] of changes) bytes[at] = value;
        const reason = reasonOf(() => parseCertificate(bytes).publicKey);
        expect(reason ?? 'der.').toMatch(/^(der|certificate|names|name_constraints|key)\./);
      }),
      { numRuns: 3000 },
    );
  });
});

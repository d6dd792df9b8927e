import { createECDH } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkPossession,
  createCsr,
  maxCsrBytes,
  parseCsr,
  provesPossession,
  requestedNames,
} from '../../src/pki/csr.ts';
import { bitString, oid, sequence, set, tlv, unsigned } from '../../src/pki/der-writer.ts';
import { generateKeyPair, privateKeyDer, spkiOf } from '../../src/pki/key.ts';
import { encodePem } from '../../src/pki/pem.ts';
import { parseSpiffeId } from '../../src/spiffe/spiffe-id.ts';
import {
  buildCsr,
  ecdsaWithSha256,
  ecdsaWithSha384,
  rsaWithSha256,
  uriName,
} from '../support/csr-builder.ts';
import { openssl } from '../support/openssl.ts';
import { reasonOf } from '../support/reason-of.ts';

const keys = generateKeyPair();
const p384 = generateKeyPair('P-384');
const rsa = generateKeyPair('RSA-2048');
const id = parseSpiffeId('spiffe://prod.example/w');

describe('parseCsr', () => {
  it('reads the key and what was signed with it', () => {
    const csr = parseCsr(buildCsr({ keys }));
    expect(csr.spki).toEqual(spkiOf(keys.publicKey));
    expect(provesPossession(csr)).toBe(true);
  });

  it.each([
    {
      why: 'more than 16 KiB',
      csr: buildCsr({ keys, subject: sequence(Buffer.alloc(maxCsrBytes)) }),
      reason: 'csr.too_long',
    },
    { why: '10 MB', csr: Buffer.alloc(10_000_000), reason: 'csr.too_long' },
    { why: 'nothing', csr: Buffer.alloc(0), reason: 'der.tag' },
    {
      why: 'trailing bytes',
      csr: Buffer.concat([buildCsr({ keys }), Buffer.from([0])]),
      reason: 'der.trailing',
    },
    {
      why: 'another version',
      csr: buildCsr({ keys, version: unsigned(Buffer.from([1])) }),
      reason: 'csr.version',
    },
    {
      why: 'a padded version',
      csr: buildCsr({ keys, version: Buffer.from('02020000', 'hex') }),
      reason: 'der.integer',
    },
    {
      why: 'a negative version',
      csr: buildCsr({ keys, version: Buffer.from('0201ff', 'hex') }),
      reason: 'der.integer',
    },
    {
      why: 'a key of a kind we do not certify',
      csr: buildCsr({
        keys,
        spki: sequence(sequence(oid('1.3.101.112')), bitString(Buffer.alloc(32))),
      }),
      reason: 'key.algorithm',
    },
    {
      why: 'a subject that is no sequence',
      csr: buildCsr({ keys, subject: set() }),
      reason: 'der.tag',
    },
  ])('refuses $why', ({ csr, reason }) => {
    expect(reasonOf(() => parseCsr(csr))).toBe(reason);
  });

  it('refuses lengths of BER, wherever they are', () => {
    const good = buildCsr({ keys });
    const indefinite = Buffer.concat([
      Buffer.from('3080', 'hex'),
      good.subarray(3),
      Buffer.alloc(2),
    ]);
    const notMinimal = Buffer.concat([Buffer.from('308200', 'hex'), good.subarray(2)]);
    expect(good[1]).toBe(0x81);
    expect(reasonOf(() => parseCsr(indefinite))).toBe('der.length');
    expect(reasonOf(() => parseCsr(notMinimal))).toBe('der.length');
  });

  it.each([
    { why: 'SHA-1', algorithm: sequence(oid('1.2.840.10045.4.1')) },
    { why: 'SHA-224', algorithm: sequence(oid('1.2.840.10045.4.3.1')) },
    { why: 'ECDSA with parameters', algorithm: sequence(oid('1.2.840.10045.4.3.2'), tlv(5)) },
    { why: 'RSA under an EC key', algorithm: rsaWithSha256 },
    { why: 'no algorithm', algorithm: sequence() },
  ])('refuses a signature with $why', ({ algorithm }) => {
    expect(reasonOf(() => parseCsr(buildCsr({ keys, algorithm })))).toBe('csr.algorithm');
  });

  it.each([
    { why: 'MD5', algorithm: sequence(oid('1.2.840.113549.1.1.4'), tlv(5)) },
    { why: 'SHA-1', algorithm: sequence(oid('1.2.840.113549.1.1.5'), tlv(5)) },
    { why: 'RSA-PSS', algorithm: sequence(oid('1.2.840.113549.1.1.10'), sequence()) },
    { why: 'RSA without NULL', algorithm: sequence(oid('1.2.840.113549.1.1.11')) },
    { why: 'ECDSA under an RSA key', algorithm: ecdsaWithSha256 },
  ])('refuses an RSA signature with $why', ({ algorithm }) => {
    expect(reasonOf(() => parseCsr(buildCsr({ keys: rsa, algorithm })))).toBe('csr.algorithm');
  });
});

describe('checkPossession', () => {
  it.each([
    { kind: 'P-256', options: { keys } },
    { kind: 'P-256 with SHA-384', options: { keys, digest: 'sha384', algorithm: ecdsaWithSha384 } },
    {
      kind: 'P-384 with SHA-384',
      options: { keys: p384, digest: 'sha384', algorithm: ecdsaWithSha384 },
    },
    { kind: 'P-384 with SHA-256', options: { keys: p384 } },
    { kind: 'RSA', options: { keys: rsa, algorithm: rsaWithSha256 } },
  ])('accepts $kind', ({ options }) => {
    expect(reasonOf(() => checkPossession(parseCsr(buildCsr(options))))).toBeUndefined();
  });

  it.each([
    { kind: 'P-256', keys, algorithm: ecdsaWithSha256 },
    { kind: 'P-384', keys: p384, algorithm: ecdsaWithSha256 },
    { kind: 'RSA', keys: rsa, algorithm: rsaWithSha256 },
  ])('refuses a $kind key with the signature of another', (options) => {
    const signingKey = generateKeyPair(options.kind === 'RSA' ? 'RSA-2048' : 'P-256').privateKey;
    const csr = parseCsr(buildCsr({ ...options, signingKey }));
    expect(reasonOf(() => checkPossession(csr))).toBe('csr.possession');
  });

  it('refuses a signature with any one bit flipped', () => {
    const good = parseCsr(buildCsr({ keys }));
    fc.assert(
      fc.property(fc.nat(good.signature.length * 8 - 1), (bit) => {
        const signature = Buffer.from(good.signature);
        const at = Math.floor(bit / 8);
        signature.writeUInt8(signature.readUInt8(at) ^ (1 << (bit % 8)), at);
        expect(provesPossession({ ...good, signature })).toBe(false);
      }),
    );
  });

  it('refuses a signature over other names', () => {
    const good = parseCsr(buildCsr({ keys, names: [uriName('spiffe://prod.example/a')] }));
    const other = parseCsr(buildCsr({ keys, names: [uriName('spiffe://prod.example/b')] }));
    expect(provesPossession({ ...good, signed: other.signed })).toBe(false);
  });

  it('refuses a digest other than the one named', () => {
    expect(provesPossession(parseCsr(buildCsr({ keys, algorithm: ecdsaWithSha384 })))).toBe(false);
  });

  it.each([
    {
      why: 'P-256',
      spki: Buffer.concat([spkiOf(keys.publicKey).subarray(0, 27), Buffer.alloc(64, 1)]),
    },
    {
      why: 'P-384',
      spki: Buffer.concat([spkiOf(p384.publicKey).subarray(0, 24), Buffer.alloc(96, 1)]),
    },
  ])('refuses a point that is not on $why', ({ spki }) => {
    expect(provesPossession(parseCsr(buildCsr({ keys, spki })))).toBe(false);
  });

  it('is not fooled by a point of another curve of the same size', () => {
    const point = createECDH('secp256k1').generateKeys().subarray(1);
    const spki = Buffer.concat([spkiOf(keys.publicKey).subarray(0, 27), point]);
    expect(provesPossession(parseCsr(buildCsr({ keys, spki })))).toBe(false);
  });
});

describe('requests of others', () => {
  it.each([
    { key: 'P-256', algorithm: 'P-256' as const },
    { key: 'P-384', algorithm: 'P-384' as const },
    { key: 'RSA', algorithm: 'RSA-2048' as const },
  ])('are read: openssl with $key', ({ algorithm }) => {
    const key = encodePem('PRIVATE KEY', privateKeyDer(generateKeyPair(algorithm).privateKey));
    const san = `subjectAltName=URI:${id},DNS:a.example`;
    const args = [
      'req',
      '-new',
      '-key',
      'key',
      '-subj',
      '/CN=x',
      '-addext',
      san,
      '-outform',
      'DER',
    ];
    const csr = parseCsr(openssl(args, { key }).stdout);
    expect(provesPossession(csr)).toBe(true);
    expect(requestedNames(csr)).toMatchObject({ uris: [id], dnsNames: ['a.example'] });
  });
});

describe('createCsr', () => {
  it('asks for nothing unless told to', () => {
    const csr = parseCsr(createCsr(keys));
    expect(provesPossession(csr)).toBe(true);
    expect(csr.attributes).toHaveLength(0);
  });

  it('asks for names', () => {
    const csr = parseCsr(createCsr({ ...keys, uris: [id], dnsNames: ['a.example'] }));
    expect(requestedNames(csr)).toMatchObject({ uris: [id], dnsNames: ['a.example'] });
  });

  it('takes the public key from the private one', () => {
    expect(parseCsr(createCsr({ privateKey: keys.privateKey })).spki).toEqual(
      spkiOf(keys.publicKey),
    );
  });

  it('is accepted by openssl', () => {
    const csr = createCsr({ ...keys, uris: [id], dnsNames: ['a.example'] });
    const args = ['req', '-inform', 'DER', '-in', 'csr', '-verify', '-text', '-noout'];
    const { isOk, text } = openssl(args, { csr });
    expect(isOk).toBe(true);
    expect(text).toContain('verify OK');
    expect(text).toContain(`URI:${id}, DNS:a.example`);
  });
});

import { createPrivateKey, createPublicKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  generateKeyPair,
  keyIdOf,
  parsePrivateKey,
  privateKeyDer,
  spkiOf,
} from '../../src/pki/key.ts';
import { encodePem } from '../../src/pki/pem.ts';
import { checkPublicKey } from '../../src/pki/public-key.ts';
import { openssl } from '../support/openssl.ts';
import { reasonOf } from '../support/reason-of.ts';

describe('generateKeyPair', () => {
  it.each([
    { algorithm: 'P-256', family: 'P-256' },
    { algorithm: 'P-384', family: 'P-384' },
    { algorithm: 'RSA-2048', family: 'RSA' },
  ] as const)('makes $algorithm keys that we would certify', ({ algorithm, family }) => {
    expect(checkPublicKey(spkiOf(generateKeyPair(algorithm).publicKey))).toBe(family);
  });

  it('makes P-256 unless told otherwise, and another one each time', () => {
    const [one, two] = [generateKeyPair(), generateKeyPair()];
    expect(checkPublicKey(spkiOf(one.publicKey))).toBe('P-256');
    expect(spkiOf(one.publicKey)).not.toEqual(spkiOf(two.publicKey));
  });
});

describe('spkiOf', () => {
  it('gives the public half of a private key', () => {
    const { publicKey, privateKey } = generateKeyPair();
    expect(spkiOf(privateKey)).toEqual(spkiOf(publicKey));
  });
});

describe('keyIdOf', () => {
  it('is what openssl writes as subject key identifier', () => {
    const { publicKey, privateKey } = generateKeyPair();
    const key = encodePem('PRIVATE KEY', privateKeyDer(privateKey));
    const args = 'req -x509 -new -key key.pem -subj /CN=x -addext subjectKeyIdentifier=hash';
    const made = openssl([...args.split(' '), '-text', '-noout'], { 'key.pem': key });
    const keyId = keyIdOf(spkiOf(publicKey)).toString('hex').toUpperCase();
    expect(made.text.replaceAll(':', '')).toContain(keyId);
  });

  it('refuses what is no SubjectPublicKeyInfo', () => {
    expect(reasonOf(() => keyIdOf(Buffer.from('3000', 'hex')))).toBe('der.tag');
  });
});

describe('private keys as PKCS #8', () => {
  it.each(['P-256', 'P-384', 'RSA-2048'] as const)('come back: %s', (algorithm) => {
    const { privateKey } = generateKeyPair(algorithm);
    expect(parsePrivateKey(privateKeyDer(privateKey)).equals(privateKey)).toBe(true);
  });

  it('are read by openssl', () => {
    const der = privateKeyDer(generateKeyPair().privateKey);
    const shown = openssl(['pkey', '-inform', 'DER', '-in', 'key', '-text', '-noout'], {
      key: der,
    });
    expect(shown.text).toContain('NIST CURVE: P-256');
  });

  it('are refused without a trace of their content', () => {
    const broken = privateKeyDer(generateKeyPair().privateKey).fill(0, 30);
    const read = () => parsePrivateKey(broken);
    expect(reasonOf(read)).toBe('key.malformed');
    expect(read).toThrow(expect.not.objectContaining({ cause: expect.anything() as unknown }));
  });

  it('mean the same to node:crypto', () => {
    const { publicKey, privateKey } = generateKeyPair();
    const read = createPrivateKey({ key: privateKeyDer(privateKey), type: 'pkcs8', format: 'der' });
    expect(createPublicKey(read).equals(publicKey)).toBe(true);
  });
});

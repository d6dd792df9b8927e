import { createECDH, createPublicKey, generateKeyPairSync, generatePrimeSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { bitString, oid, sequence, tlv, unsigned } from '../../src/pki/der-writer.ts';
import { generateKeyPair, spkiOf } from '../../src/pki/key.ts';
import { checkChainKey, checkPublicKey } from '../../src/pki/public-key.ts';
import { openssl } from '../support/openssl.ts';
import { reasonOf } from '../support/reason-of.ts';

const generate = generateKeyPairSync as (
  type: string,
  options?: object,
) => ReturnType<typeof generateKeyPair>;
const newSpki = (type: string, options?: object) => spkiOf(generate(type, options).publicKey);

const bytesOf = (n: bigint) => {
  const digits = n.toString(16);
  return Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex');
};
const rsaSpki = (modulus: bigint, exponent: bigint = 65_537n) =>
  sequence(
    sequence(oid('1.2.840.113549.1.1.1'), tlv(5)),
    bitString(sequence(unsigned(bytesOf(modulus)), unsigned(bytesOf(exponent)))),
  );
/** Odd, of that many bits, and nothing else is known of it: for rules that come before arithmetic. */
const oddNumber = (bits: number) => (1n << BigInt(bits - 1)) + 1n;

const prime = (bits: number) => generatePrimeSync(bits, { bigint: true });
function primeAfter(start: bigint): bigint {
  for (let n = start + 2n; ; n += 2n) {
    if (isProbablyPrime(n)) return n;
  }
}
/** Miller-Rabin to a few bases, enough for numbers nobody chose. */
function isProbablyPrime(n: bigint): boolean {
  const power = (base: bigint, exponent: bigint) => {
    let result = 1n;
    for (let b = base % n, e = exponent; e > 0n; e >>= 1n, b = (b * b) % n) {
      if (e & 1n) result = (result * b) % n;
    }
    return result;
  };
  return [2n, 3n, 5n].every((base) => power(base, n - 1n) === 1n);
}

const goodModulus = BigInt(
  `0x${Buffer.from(generateKeyPair('RSA-2048').publicKey.export({ format: 'jwk' }).n ?? '', 'base64url').toString('hex')}`,
);

describe('checkPublicKey', () => {
  it.each([
    { kind: 'P-256', spki: newSpki('ec', { namedCurve: 'P-256' }), family: 'P-256' },
    { kind: 'P-384', spki: newSpki('ec', { namedCurve: 'P-384' }), family: 'P-384' },
    { kind: 'RSA of 2048 bits', spki: rsaSpki(goodModulus), family: 'RSA' },
    { kind: 'RSA of 3072 bits', spki: newSpki('rsa', { modulusLength: 3072 }), family: 'RSA' },
  ])('accepts $kind', ({ spki, family }) => {
    expect(checkPublicKey(spki)).toBe(family);
  });

  it.each([
    { kind: 'P-192', spki: newSpki('ec', { namedCurve: 'prime192v1' }) },
    { kind: 'P-224', spki: newSpki('ec', { namedCurve: 'secp224r1' }) },
    { kind: 'P-521', spki: newSpki('ec', { namedCurve: 'P-521' }) },
    { kind: 'secp256k1', spki: newSpki('ec', { namedCurve: 'secp256k1' }) },
    { kind: 'brainpool', spki: newSpki('ec', { namedCurve: 'brainpoolP256r1' }) },
    { kind: 'Ed25519', spki: newSpki('ed25519') },
    { kind: 'Ed448', spki: newSpki('ed448') },
    { kind: 'X25519', spki: newSpki('x25519') },
    { kind: 'DSA', spki: newSpki('dsa', { modulusLength: 2048, divisorLength: 256 }) },
    { kind: 'RSA-PSS', spki: newSpki('rsa-pss', { modulusLength: 2048 }) },
    {
      kind: 'explicit curve parameters',
      spki: newSpki('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' }),
    },
  ])('refuses $kind', ({ spki }) => {
    expect(reasonOf(() => checkPublicKey(spki))).toBe('key.algorithm');
  });

  it.each([1024, 2047, 4097, 8192, 65_537])('refuses RSA of %i bits before arithmetic', (bits) => {
    const spki = rsaSpki(oddNumber(bits));
    const started = process.cpuUsage();
    expect(reasonOf(() => checkPublicKey(spki))).toBe('key.size');
    expect(reasonOf(() => checkChainKey(spki))).toBe('key.size');
    expect(process.cpuUsage(started).user).toBeLessThan(100_000);
  });

  it.each([0n, 1n, 3n, 65_535n, 65_538n, 2n ** 40n + 1n])('refuses the exponent %s', (exponent) => {
    expect(reasonOf(() => checkPublicKey(rsaSpki(goodModulus, exponent)))).toBe('key.exponent');
  });

  it('accepts another odd exponent above 65537', () => {
    expect(checkPublicKey(rsaSpki(goodModulus, 65_539n))).toBe('RSA');
  });

  const p256 = newSpki('ec', { namedCurve: 'P-256' });
  const header = p256.subarray(2, 23);
  const compressed = Buffer.from(createECDH('prime256v1').generateKeys('hex', 'compressed'), 'hex');
  it.each([
    { why: 'a compressed point', spki: sequence(header, bitString(compressed)) },
    { why: 'the point at infinity', spki: sequence(header, bitString(Buffer.from([0]))) },
    { why: 'a hybrid point', spki: Buffer.from(p256).fill(0x06, 26, 27) },
    { why: 'a point cut short', spki: sequence(header, bitString(p256.subarray(26, 90))) },
    { why: 'unused bits', spki: Buffer.from(p256).fill(0x01, 25, 26) },
  ])('refuses $why', ({ spki }) => {
    expect(reasonOf(() => checkPublicKey(spki))).toBe('key.algorithm');
  });

  it.each([
    {
      why: 'trailing bytes',
      spki: Buffer.concat([rsaSpki(goodModulus), Buffer.from([0])]),
      reason: 'der.trailing',
    },
    { why: 'an empty sequence', spki: sequence(), reason: 'der.tag' },
    { why: 'nothing', spki: Buffer.alloc(0), reason: 'der.tag' },
    {
      why: 'RSA without the NULL',
      spki: sequence(sequence(oid('1.2.840.113549.1.1.1')), bitString(sequence())),
      reason: 'key.algorithm',
    },
    {
      why: 'a negative modulus',
      spki: sequence(
        sequence(oid('1.2.840.113549.1.1.1'), tlv(5)),
        bitString(sequence(tlv(2, Buffer.alloc(256, 0xff)))),
      ),
      reason: 'der.integer',
    },
  ])('refuses $why', ({ spki, reason }) => {
    expect(reasonOf(() => checkPublicKey(spki))).toBe(reason);
  });
});

describe('weak RSA moduli', () => {
  it('are refused when their primes are close together (Fermat)', () => {
    const p = prime(1024) | 1n;
    expect(reasonOf(() => checkPublicKey(rsaSpki(p * primeAfter(p))))).toBe('key.weak');
  });

  it('are refused when a small prime divides them', () => {
    expect(reasonOf(() => checkPublicKey(rsaSpki(751n * prime(2040))))).toBe('key.weak');
    expect(reasonOf(() => checkPublicKey(rsaSpki(3n * prime(2048))))).toBe('key.weak');
  });

  it('are refused when they carry the fingerprint of ROCA', () => {
    // p = k * M + 65537^a mod M with M the product of the first primes, as the flawed library made them
    const primes = Array.from({ length: 700 }, (_, n) => n).filter(
      (n) => n > 1 && Array.from({ length: n - 2 }, (_, i) => i + 2).every((d) => n % d !== 0),
    );
    const m = primes.slice(0, 126).reduce((product, p) => product * BigInt(p), 1n);
    const power = (exponent: number) => {
      let result = 1n;
      for (let i = 0; i < exponent; i += 1) result = (result * 65_537n) % m;
      return result;
    };
    const flawed = (k: bigint, exponent: number) => (k << 60n) * m + power(exponent);
    const modulus = flawed(0x7fff_ffffn, 11) * flawed(0x7fff_fff1n, 29);
    expect(modulus.toString(2).length).toBeGreaterThan(2047);
    expect(reasonOf(() => checkPublicKey(rsaSpki(modulus)))).toBe('key.weak');
  });

  it('are not found among keys of openssl', () => {
    for (let i = 0; i < 3; i += 1) {
      const { stdout } = openssl(['genrsa', '2048']);
      expect(checkPublicKey(spkiOf(createPublicKey(stdout)))).toBe('RSA');
    }
  });
});

describe('checkChainKey', () => {
  it.each(['P-256', 'P-384', 'P-521'])('accepts %s', (namedCurve) => {
    expect(reasonOf(() => checkChainKey(newSpki('ec', { namedCurve })))).toBeUndefined();
  });

  it.each(['secp256k1', 'secp224r1'])('refuses %s', (namedCurve) => {
    expect(reasonOf(() => checkChainKey(newSpki('ec', { namedCurve })))).toBe('key.algorithm');
  });

  it('refuses explicit curve parameters, which may name any generator', () => {
    const spki = newSpki('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' });
    expect(reasonOf(() => checkChainKey(spki))).toBe('key.algorithm');
  });
});

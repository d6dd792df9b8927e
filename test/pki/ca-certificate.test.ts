import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  buildRoot,
  hasNameConstraint,
  prepareIssuer,
  prepareRoot,
  signAuthority,
} from '../../src/pki/ca-certificate.ts';
import { generateKeyPair, spkiOf } from '../../src/pki/key.ts';
import { encodePem } from '../../src/pki/pem.ts';
import { spiffeIdOfAuthority } from '../../src/pki/svid-certificate.ts';
import { parseTrustDomain } from '../../src/spiffe/trust-domain.ts';
import { openssl } from '../support/openssl.ts';
import { reasonOf } from '../support/reason-of.ts';
import { testCa } from '../support/test-ca.ts';

const ca = await testCa();
const keys = generateKeyPair();
const order = () => ({
  trustDomain: ca.trustDomain,
  spki: spkiOf(keys.publicKey),
  serial: ca.serials.next(),
  notBefore: ca.now(),
  notAfter: ca.now() + 86_400,
});

describe('authority certificates', () => {
  it.each(['root', 'issuer'] as const)('of a %s hold what the hierarchy needs', (role) => {
    const { [role]: certificate } = ca;
    expect(certificate).toMatchObject({
      isCa: true,
      pathLength: role === 'root' ? 1 : 0,
      uris: ['spiffe://prod.example'],
    });
    expect(certificate.keyUsage).toEqual(new Set(['keyCertSign', 'cRLSign']));
    expect(certificate.nameConstraints).toEqual({
      permitted: [{ kind: 0x86, base: 'prod.example' }],
      excluded: [],
    });
    expect(certificate.authorityKeyId).toBe(ca.root.subjectKeyId);
    expect(spiffeIdOfAuthority(certificate)).toBe('spiffe://prod.example');
  });

  it('are verified by openssl', () => {
    const files = {
      root: encodePem('CERTIFICATE', ca.root.der),
      issuer: encodePem('CERTIFICATE', ca.issuer.der),
    };
    const args = [
      'verify',
      '-x509_strict',
      '-attime',
      String(ca.now()),
      '-CAfile',
      'root',
      'issuer',
    ];
    expect(openssl(args, files).text).toContain('issuer: OK');
  });

  it('have subjects of their own', async () => {
    const [one, two] = await Promise.all([buildRoot(order(), keys), buildRoot(order(), keys)]);
    expect(one.subject).not.toEqual(two.subject);
  });

  it('are committed to before they are signed', async () => {
    const prepared = await prepareIssuer(order(), ca.root);
    const signed = signAuthority(prepared, ca.rootKey);
    expect(prepared.tbsHash).toBe(createHash('sha256').update(signed.tbs).digest('base64url'));
    expect(prepared.id).toBe(signed.subjectKeyId);
    expect(reasonOf(() => signAuthority(prepared, ca.rootKey))).toBe('lint.used');
  });

  it('are signed by their parent only', async () => {
    const prepared = await prepareRoot(order());
    expect(reasonOf(() => signAuthority(prepared, ca.rootKey))).toBe('lint.issuer');
    expect(reasonOf(() => signAuthority(prepared, keys.privateKey))).toBeUndefined();
  });

  it.each([
    {
      why: 'outlives its parent',
      change: { notAfter: ca.root.notAfter + 1 },
      reason: 'lint.outlives_issuer',
    },
    { why: 'has no time', change: { notAfter: ca.now() }, reason: 'lint.validity' },
    {
      why: 'is as long as its parent',
      change: { pathLength: 1 },
      reason: 'lint.basic_constraints',
    },
    { why: 'has a short serial', change: { serial: Buffer.alloc(8, 1) }, reason: 'lint.serial' },
  ])('are not prepared for an issuer that $why', async ({ change, reason }) => {
    await expect(prepareIssuer({ ...order(), ...change }, ca.root)).rejects.toMatchObject({
      reason,
    });
  });

  it.each([
    { name: 'prod.example', expected: true },
    { name: 'prod', expected: true },
    { name: 'a_b', expected: false },
    { name: '10.0.0.1', expected: false },
    { name: 'prod.', expected: false },
    { name: '-a', expected: false },
    { name: 'a..b', expected: false },
  ])('constrain names below $name: $expected', async ({ name, expected }) => {
    const trustDomain = parseTrustDomain(name);
    expect(hasNameConstraint(trustDomain)).toBe(expected);
    const root = await buildRoot({ ...order(), trustDomain }, keys);
    expect(root.nameConstraints !== undefined).toBe(expected);
  });
});

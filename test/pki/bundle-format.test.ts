import { describe, expect, it } from 'vitest';
import {
  formatBundleJwks,
  formatBundlePem,
  parseBundleJwks,
  parseBundlePem,
} from '../../src/pki/bundle-format.ts';
import { generateKeyPair } from '../../src/pki/key.ts';
import { parseTrustDomain } from '../../src/spiffe/trust-domain.ts';
import { buildCa, buildCertificate } from '../support/certificate-builder.ts';
import { reasonOf } from '../support/reason-of.ts';

const trustDomain = parseTrustDomain('prod.example');
const one = buildCa().der;
const two = buildCa({
  keys: generateKeyPair('RSA-2048'),
  signingKey: generateKeyPair().privateKey,
}).der;
const bundle = { trustDomain, authorities: [one, two], sequence: 7, refreshHintSeconds: 60 };
const base64 = one.toString('base64');
const key = { use: 'x509-svid', kty: 'EC', x5c: [base64] };
const parse = (document: unknown) => parseBundleJwks(JSON.stringify(document), trustDomain);

describe('bundles as PEM', () => {
  it('come back', () => {
    const read = parseBundlePem(formatBundlePem(bundle), trustDomain);
    expect(read).toEqual({ ...bundle, sequence: 0, refreshHintSeconds: 300 });
  });

  it.each([
    { why: 'nothing', text: '', reason: 'bundle.empty' },
    {
      why: 'a leaf',
      text: formatBundlePem({ ...bundle, authorities: [buildCertificate().der] }),
      reason: 'bundle.authority',
    },
    {
      why: 'garbage',
      text: formatBundlePem({ ...bundle, authorities: [Buffer.from('x')] }),
      reason: 'bundle.authority',
    },
  ])('are refused with $why', ({ text, reason }) => {
    expect(reasonOf(() => parseBundlePem(text, trustDomain))).toBe(reason);
  });
});

describe('bundles as JWK Set', () => {
  it('come back', () => {
    expect(parseBundleJwks(formatBundleJwks(bundle), trustDomain)).toEqual(bundle);
  });

  it('hold one certificate and no kid in each key', () => {
    const document = JSON.parse(formatBundleJwks(bundle)) as { keys: Record<string, unknown>[] };
    expect(document).toMatchObject({ spiffe_sequence: 7, spiffe_refresh_hint: 60 });
    expect(document.keys.map((jwk) => Object.keys(jwk).toSorted())).toEqual([
      ['crv', 'kty', 'use', 'x', 'x5c', 'y'],
      ['e', 'kty', 'n', 'use', 'x5c'],
    ]);
    expect(document.keys[0]).toMatchObject({ use: 'x509-svid', x5c: [base64] });
  });

  it.each([
    { why: 'no keys at all', document: { keys: [] }, count: 0 },
    { why: 'parameters nobody knows', document: { keys: [{ ...key, x: 1 }], y: 2 }, count: 1 },
    { why: 'another use', document: { keys: [{ ...key, use: 'new' }, key] }, count: 1 },
    { why: 'no use', document: { keys: [{ kty: 'EC', x5c: [base64] }, key] }, count: 1 },
    { why: 'another kty', document: { keys: [{ ...key, kty: 'NEW' }, key] }, count: 1 },
    { why: 'no x5c', document: { keys: [{ use: 'x509-svid', kty: 'EC' }, key] }, count: 1 },
    { why: 'an empty x5c', document: { keys: [{ ...key, x5c: [] }, key] }, count: 1 },
    { why: 'more in x5c', document: { keys: [{ ...key, x5c: [base64, 'garbage'] }] }, count: 1 },
    { why: 'the same twice', document: { keys: [key, key] }, count: 1 },
    { why: 'what is no key', document: { keys: [null, 1, 'x', key] }, count: 1 },
  ])('tolerate $why', ({ document, count }) => {
    expect(parse(document)).toEqual({
      trustDomain,
      authorities: Array(count).fill(one),
      sequence: 0,
      refreshHintSeconds: 300,
    });
  });

  it.each([
    { why: 'no keys', document: {}, reason: 'bundle.malformed' },
    { why: 'null', document: null, reason: 'bundle.malformed' },
    { why: 'keys that are no list', document: { keys: {} }, reason: 'bundle.malformed' },
    {
      why: 'a sequence in quotes',
      document: { keys: [], spiffe_sequence: '1' },
      reason: 'bundle.malformed',
    },
    {
      why: 'a negative hint',
      document: { keys: [], spiffe_refresh_hint: -1 },
      reason: 'bundle.malformed',
    },
    {
      why: 'x5c that is no base64',
      document: { keys: [{ ...key, x5c: ['*'] }] },
      reason: 'bundle.malformed',
    },
    {
      why: 'a leaf',
      document: { keys: [{ ...key, x5c: [buildCertificate().der.toString('base64')] }] },
      reason: 'bundle.authority',
    },
    {
      why: 'a thousand and one keys',
      document: { keys: Array.from({ length: 1001 }, () => key) },
      reason: 'bundle.too_many',
    },
  ])('are refused with $why', ({ document, reason }) => {
    expect(reasonOf(() => parse(document))).toBe(reason);
  });

  it('are refused if too long or no JSON', () => {
    expect(reasonOf(() => parseBundleJwks('x', trustDomain))).toBe('bundle.malformed');
    expect(reasonOf(() => parseBundleJwks(' '.repeat(5e6), trustDomain))).toBe('bundle.too_long');
  });
});

import { describe, expect, it } from 'vitest';
import { lintBundle, lintExpiry, lintSvid } from '../../../src/api/sds/secret-lint.ts';
import { parseSpiffeId } from '../../../src/spiffe/spiffe-id.ts';
import { testBundle, testSvid } from '../../support/identity-source.ts';
import { reasonOf } from '../../support/reason-of.ts';
import { testCa } from '../../support/test-ca.ts';

const ca = await testCa();
const svid = testSvid(ca);
const [leaf, issuer] = svid.chain;
if (leaf === undefined || issuer === undefined) throw new Error('unreachable');
const stranger = await testCa();

describe('lintSvid', () => {
  it('passes an SVID as it is issued', () => {
    expect(reasonOf(() => lintSvid(svid))).toBeUndefined();
  });

  it.each([
    { what: 'no chain', changes: { chain: [] }, reason: 'chain.empty' },
    {
      what: 'a chain in the wrong order',
      changes: { chain: [issuer, leaf] },
      reason: 'svid.path',
    },
    {
      what: 'an issuer that did not sign the leaf',
      changes: { chain: [leaf, stranger.issuer.der] },
      reason: 'secret.order',
    },
    {
      what: 'certificates above the leaf out of order',
      changes: { chain: [leaf, ca.root.der] },
      reason: 'secret.order',
    },
    {
      what: 'the private key of another leaf',
      changes: { privateKey: testSvid(ca).privateKey },
      reason: 'secret.key',
    },
    {
      what: 'something that is no private key',
      changes: { privateKey: Buffer.from('key') },
      reason: 'key.malformed',
    },
    {
      what: 'a certificate that is cut short',
      changes: { chain: [leaf.subarray(0, -1), issuer] },
      reason: 'der.length',
    },
    {
      what: 'another SPIFFE ID than the leaf has',
      changes: { spiffeId: parseSpiffeId('spiffe://prod.example/other') },
      reason: 'secret.identity',
    },
  ])('keeps back $what', ({ changes, reason }) => {
    expect(reasonOf(() => lintSvid({ ...svid, ...changes }))).toBe(reason);
  });
});

describe('lintExpiry', () => {
  it('keeps back a leaf from the second of its expiry on', () => {
    expect(reasonOf(() => lintExpiry(svid, svid.notAfter * 1000 - 1))).toBeUndefined();
    expect(reasonOf(() => lintExpiry(svid, svid.notAfter * 1000))).toBe('secret.expired');
  });
});

describe('lintBundle', () => {
  const bundle = testBundle(ca);

  it('passes a bundle of roots', () => {
    expect(reasonOf(() => lintBundle(testBundle(ca, stranger)))).toBeUndefined();
  });

  it.each([
    { what: 'an empty bundle', authorities: [], reason: 'secret.no_authority' },
    {
      what: 'a leaf among the roots',
      authorities: [ca.root.der, leaf],
      reason: 'svid.not_signing',
    },
    { what: 'bytes that are no certificate', authorities: [Buffer.from('x')], reason: 'der.tag' },
  ])('keeps back $what', ({ authorities, reason }) => {
    expect(reasonOf(() => lintBundle({ ...bundle, authorities }))).toBe(reason);
  });
});

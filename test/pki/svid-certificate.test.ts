import { describe, expect, it } from 'vitest';
import { parseCertificate } from '../../src/pki/certificate.ts';
import { spiffeIdOfAuthority, spiffeIdOfLeaf } from '../../src/pki/svid-certificate.ts';
import {
  buildCa,
  buildCertificate,
  type CertificateOptions,
} from '../support/certificate-builder.ts';
import { dnsName, uriName } from '../support/csr-builder.ts';
import { reasonOf } from '../support/reason-of.ts';

const leafId = (options: CertificateOptions) =>
  spiffeIdOfLeaf(parseCertificate(buildCertificate(options).der));
const authorityId = (options: CertificateOptions) =>
  spiffeIdOfAuthority(parseCertificate(buildCa(options).der));

describe('spiffeIdOfLeaf', () => {
  it('gives the one URI', () => {
    const names = [dnsName('a.example'), uriName('spiffe://prod.example/w'), dnsName('b.example')];
    expect(leafId({ names })).toBe('spiffe://prod.example/w');
  });

  it.each([
    { why: 'no names', options: { names: [] }, reason: 'svid.uris' },
    {
      why: 'DNS names only',
      options: { names: [dnsName('spiffe://prod.example/w')] },
      reason: 'svid.uris',
    },
    {
      why: 'two URIs',
      options: { names: [uriName('spiffe://a/w'), uriName('spiffe://a/w')] },
      reason: 'svid.uris',
    },
    {
      why: 'two URIs, one of another scheme',
      options: { names: [uriName('spiffe://a/w'), uriName('https://a')] },
      reason: 'svid.uris',
    },
    {
      why: 'two IDs in one string',
      options: { names: [uriName('spiffe://a, URI:spiffe://b')] },
      reason: 'trust_domain.character',
    },
    {
      why: 'two IDs in one string, after a path',
      options: { names: [uriName('spiffe://a/b, URI:spiffe://c/d')] },
      reason: 'spiffe_id.character',
    },
    { why: 'no path', options: { names: [uriName('spiffe://prod.example')] }, reason: 'svid.path' },
    {
      why: 'an upper-case scheme',
      options: { names: [uriName('SPIFFE://prod.example/w')] },
      reason: 'spiffe_id.scheme',
    },
    {
      why: 'percent-encoding',
      options: { names: [uriName('spiffe://prod.example/%77')] },
      reason: 'spiffe_id.character',
    },
    { why: 'an empty URI', options: { names: [uriName('')] }, reason: 'spiffe_id.scheme' },
    {
      why: 'a CA',
      options: { isCa: true, names: [uriName('spiffe://a/w')] },
      reason: 'svid.signing',
    },
    { why: 'keyCertSign', options: { keyUsage: 0b100001 }, reason: 'svid.signing' },
    { why: 'cRLSign', options: { keyUsage: 0b1000001 }, reason: 'svid.signing' },
    { why: 'no key usage', options: { keyUsage: undefined }, reason: 'svid.key_usage' },
    {
      why: 'a key usage without digitalSignature',
      options: { keyUsage: 0b100 },
      reason: 'svid.key_usage',
    },
  ])('refuses $why', ({ options, reason }) => {
    expect(reasonOf(() => leafId(options))).toBe(reason);
  });
});

describe('spiffeIdOfAuthority', () => {
  it('gives the ID of the trust domain, if there is one', () => {
    expect(authorityId({})).toBe('spiffe://prod.example');
    expect(authorityId({ names: [] })).toBeUndefined();
    expect(authorityId({ names: [dnsName('ca.example')] })).toBeUndefined();
  });

  it.each([
    {
      why: 'a path',
      options: { names: [uriName('spiffe://prod.example/ca')] },
      reason: 'svid.path',
    },
    {
      why: 'two URIs',
      options: { names: [uriName('spiffe://a'), uriName('spiffe://b')] },
      reason: 'svid.uris',
    },
    { why: 'no keyCertSign', options: { keyUsage: 0b1000000 }, reason: 'svid.not_signing' },
    { why: 'no key usage', options: { keyUsage: undefined }, reason: 'svid.not_signing' },
  ])('refuses $why', ({ options, reason }) => {
    expect(reasonOf(() => authorityId(options))).toBe(reason);
  });

  it('refuses a leaf', () => {
    const leaf = parseCertificate(buildCertificate({ keyUsage: 0b100000 }).der);
    expect(reasonOf(() => spiffeIdOfAuthority(leaf))).toBe('svid.not_signing');
  });
});

import { describe, expect, it } from 'vitest';
import { verifyPath } from '../../src/pki/chain.ts';
import { extension, sequence, tlv } from '../../src/pki/der-writer.ts';
import { buildCa, buildCertificate, testTime } from '../support/certificate-builder.ts';
import { dnsName, uriName } from '../support/csr-builder.ts';
import { reasonOf } from '../support/reason-of.ts';

const constraints = (form: number, ...bases: Buffer[]) =>
  extension('2.5.29.30', sequence(tlv(form, ...bases.map((base) => sequence(base)))), true);
const permit = (...bases: Buffer[]) => constraints(0xa0, ...bases);
const exclude = (...bases: Buffer[]) => constraints(0xa1, ...bases);

describe('name constraints', () => {
  const uri = (text: string) => uriName(text);
  const dns = (text: string) => dnsName(text);
  const id = 'spiffe://prod.example/w';
  const check = (constraint: Buffer, ...names: Buffer[]) =>
    reasonOf(() => {
      const constrained = buildCa({ subject: 'c', extensions: [constraint] });
      const below = buildCertificate({ issuer: constrained, names });
      verifyPath({ chain: [below.der], roots: [constrained.der], at: testTime, usage: 'client' });
    });

  it.each([
    { constraint: permit(uri('prod.example')), names: [uri(id)] },
    { constraint: permit(uri('PROD.example')), names: [uri(id)] },
    { constraint: permit(uri('prod')), names: [uri('spiffe://prod/w')] },
    { constraint: permit(uri('.example')), names: [uri(id)] },
    { constraint: permit(uri('prod.example')), names: [uri(id), dns('free.test')] },
    { constraint: permit(uri('prod.example')), names: [uri('spiffe://root@prod.example:8443/w')] },
    { constraint: exclude(uri('.prod.example')), names: [uri(id)] },
    { constraint: exclude(uri('example')), names: [uri(id)] },
    { constraint: permit(dns('example')), names: [dns('a.b.example')] },
    { constraint: permit(dns('a.example')), names: [dns('*.a.example')] },
    { constraint: exclude(dns('a.b.example')), names: [dns('*.example')] },
    { constraint: permit(tlv(0x87, Buffer.alloc(8))), names: [uri(id)] },
  ])('permit $names', ({ constraint, names }) => {
    expect(check(constraint, ...names)).toBeUndefined();
  });

  it.each([
    {
      why: 'another trust domain',
      constraint: permit(uri('prod.example')),
      names: [uri('spiffe://evil.example/w')],
    },
    {
      why: 'a subdomain',
      constraint: permit(uri('prod.example')),
      names: [uri('spiffe://a.prod.example/w')],
    },
    {
      why: 'a longer name',
      constraint: permit(uri('prod.example')),
      names: [uri('spiffe://xprod.example/w')],
    },
    {
      why: 'the domain itself for a period',
      constraint: permit(uri('.prod.example')),
      names: [uri(id)],
    },
    {
      why: 'a user that looks like a host',
      constraint: permit(uri('prod.example')),
      names: [uri('spiffe://prod.example@evil/w')],
    },
    { why: 'IPv4', constraint: exclude(uri('evil')), names: [uri('https://10.0.0.1/')] },
    {
      why: 'IPv6 with a zone',
      constraint: exclude(uri('evil')),
      names: [uri('https://[fe80::1%25prod.example]/')],
    },
    { why: 'a URI without host', constraint: permit(uri('prod.example')), names: [uri('urn:x')] },
    { why: 'an excluded trust domain', constraint: exclude(uri('prod.EXAMPLE')), names: [uri(id)] },
    { why: 'everything excluded', constraint: exclude(uri('')), names: [uri(id)] },
    { why: 'another DNS name', constraint: permit(dns('a.example')), names: [dns('b.example')] },
    {
      why: 'an excluded DNS name in capitals',
      constraint: exclude(dns('a.example')),
      names: [dns('X.A.EXAMPLE')],
    },
    {
      why: 'a wildcard over an excluded name',
      constraint: exclude(dns('a.example')),
      names: [dns('*.example')],
    },
    {
      why: 'a wildcard wider than permitted',
      constraint: permit(dns('a.example')),
      names: [dns('*.example')],
    },
    {
      why: 'an address where addresses are constrained',
      constraint: permit(tlv(0x87, Buffer.alloc(8))),
      names: [tlv(0x87, Buffer.alloc(4))],
    },
    {
      why: 'any subject where directory names are',
      constraint: permit(tlv(0xa4, sequence())),
      names: [uri(id)],
    },
  ])('refuse $why', ({ constraint, names }) => {
    expect(check(constraint, ...names)).toBe('chain.name_constraints');
  });

  it.each(['spiffe://prod.example', 'prod.example:443', 'a@b', '..a', '[::1]', 'a b'])(
    'are refused if malformed: %s',
    (base) => {
      expect(check(permit(uri(base)), uri(id))).toBe('name_constraints.malformed');
    },
  );
});

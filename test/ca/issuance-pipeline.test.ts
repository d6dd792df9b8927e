import { createHash, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseCertificate } from '../../src/pki/certificate.ts';
import { verifyChain } from '../../src/pki/chain.ts';
import { generateKeyPair, spkiOf } from '../../src/pki/key.ts';
import type { TrustDomain } from '../../src/spiffe/trust-domain.ts';
import { buildCsr, dnsName, rsaWithSha256, uriName } from '../support/csr-builder.ts';
import { reasonOf } from '../support/reason-of.ts';
import { day, type OrderOptions, origin, testOrder } from '../support/test-issuance.ts';
import { ca, now, nowMs, testPipeline } from '../support/test-pipeline.ts';

const uri = 'spiffe://prod.example/w';

describe('an order that is in order', () => {
  it('gives a certificate for its SPIFFE ID and its key, and nothing else', () => {
    const keys = generateKeyPair();
    const { certificate: der } = testPipeline().issue(testOrder({ keys }));
    const certificate = parseCertificate(der);
    expect(certificate.uris).toEqual([uri]);
    expect(certificate.dnsNames).toEqual([]);
    expect(certificate.spki).toEqual(spkiOf(keys.publicKey));
    expect(certificate).toMatchObject({ isCa: false, notBefore: now - 10, notAfter: now + 3600 });
    expect(verify('sha256', certificate.tbs, ca.issuer.publicKey, certificate.signature)).toBe(
      true,
    );
  });

  it.each(['client', 'server'] as const)('is accepted by a %s', (usage) => {
    const { certificate } = testPipeline().issue();
    const verified = verifyChain({
      chain: [certificate, ca.issuer.der],
      roots: [ca.root.der],
      at: now,
      usage,
    });
    expect(verified.leaf.der).toEqual(certificate);
  });

  it('gives a leaf that says what was issued, to whom, and by whom', () => {
    const keys = generateKeyPair();
    const node = testOrder({ spiffeId: 'spiffe://prod.example/spire/agent/a' }).spiffeId;
    const order = testOrder({ keys, entry: 'e1:3', node, attestor: 'join_token' });
    const { certificate, leaf, serial } = testPipeline().issue(order);
    const [version, json = ''] = Buffer.from(leaf).toString().split('\n');
    const sha256 = (der: Uint8Array) => createHash('sha256').update(der).digest('base64url');
    expect(version).toBe('signet-log/v1');
    expect(JSON.parse(json)).toEqual({
      t: 'x509.issued',
      ts: nowMs,
      req: 'r-1',
      actor: origin.actor,
      ca: ca.issuer.subjectKeyId,
      serial: parseCertificate(certificate).serial,
      spiffe_id: uri,
      nb: now - 10,
      na: now + 3600,
      spki: sha256(spkiOf(keys.publicKey)),
      cert: sha256(certificate),
      profile: 'workload',
      entry: 'e1:3',
      node,
      attestor: 'join_token',
    });
    expect(serial).toBe(parseCertificate(certificate).serial);
  });

  it('may have DNS names, which come from the order and never from the request', () => {
    const keys = generateKeyPair();
    const csr = buildCsr({ keys, names: [uriName(uri), dnsName('evil.example')] });
    const order = testOrder({ csr, dnsNames: ['a.example', 'b.example'] });
    const { dnsNames } = parseCertificate(testPipeline().issue(order).certificate);
    expect(dnsNames).toEqual(['a.example', 'b.example']);
  });

  it.each(['agent', 'server'] as const)(
    'may ask for anything as %s, and gets its own',
    (profile) => {
      const csr = buildCsr({
        names: [uriName('spiffe://prod.example/other'), dnsName('evil.example')],
      });
      for (const each of [csr, buildCsr()]) {
        const { certificate } = testPipeline().issue(testOrder({ csr: each, profile }));
        expect(parseCertificate(certificate)).toMatchObject({ uris: [uri], dnsNames: [] });
      }
    },
  );

  it.each([
    ['P-384', {}],
    ['RSA-2048', { algorithm: rsaWithSha256 }],
  ] as const)('may have a %s key', (algorithm, options) => {
    const keys = generateKeyPair(algorithm);
    const csr = buildCsr({ keys, names: [uriName(uri)], ...options });
    const { certificate } = testPipeline().issue(testOrder({ csr }));
    expect(parseCertificate(certificate).spki).toEqual(spkiOf(keys.publicKey));
  });

  it('never has the serial of another', () => {
    const { issue } = testPipeline();
    const order = testOrder();
    const serials = Array.from({ length: 50 }, () => issue(order).serial);
    expect(new Set(serials).size).toBe(50);
  });
});

describe('the life of a certificate', () => {
  const lifeOf = (options: OrderOptions, atMs = nowMs) =>
    testPipeline().issue(testOrder(options), atMs).notAfter - atMs / 1000;

  it('is as long as was wished for', () => {
    expect(lifeOf({ ttlSeconds: 60 })).toBe(60);
  });

  it.each([0, -1, Number.NaN])('is an hour where %d seconds are wished for', (ttlSeconds) => {
    expect(lifeOf({ ttlSeconds })).toBe(3600);
  });

  it('is whole seconds', () => {
    expect(lifeOf({ ttlSeconds: 60.9 })).toBe(60);
  });

  it.each([day + 1, Infinity, 2 ** 40])('is at most that of the profile, not %d', (ttlSeconds) => {
    expect(lifeOf({ ttlSeconds })).toBe(day);
  });

  it('ends with what the order follows from', () => {
    expect(lifeOf({ ttlSeconds: 3600, notAfter: now + 100 })).toBe(100);
    expect(lifeOf({ ttlSeconds: 3600, notAfter: now + 7200 })).toBe(3600);
  });

  it('never outlives its issuer', () => {
    const lastHour = (ca.issuer.notAfter - 3600) * 1000;
    expect(lifeOf({ ttlSeconds: day }, lastHour)).toBe(3600);
  });
});
describe('a pipeline', () => {
  it('is not set up with a certificate that is no CA', () => {
    const { certificate } = ca.leaf();
    expect(reasonOf(() => testPipeline({ certificate: certificate.der }))).toBe('lint.issuer');
  });

  it('is not set up with a profile that allows too much', () => {
    const loose = [{ name: 'workload', maxTtlSeconds: day + 1 }] as const;
    expect(reasonOf(() => testPipeline({ profiles: loose }))).toBe('profile.ttl');
  });

  it('serves other trust domains when it is set up for them', () => {
    const other = 'other.example' as TrustDomain;
    const { issue } = testPipeline({ trustDomain: other });
    expect(reasonOf(() => issue())).toBe('issuance.spiffe_id');
    const order = testOrder({ spiffeId: 'spiffe://other.example/w' });
    expect(parseCertificate(issue(order).certificate).uris).toEqual([order.spiffeId]);
  });
});

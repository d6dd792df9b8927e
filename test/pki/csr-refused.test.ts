import { sign } from 'node:crypto';
import type { Sign } from '../../src/pki/certificate-sign.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkPossession, createCsr, parseCsr, requestedNames } from '../../src/pki/csr.ts';
import { extension, oid, sequence, set, tlv } from '../../src/pki/der-writer.ts';
import { generateKeyPair, spkiOf } from '../../src/pki/key.ts';
import { parseSpiffeId } from '../../src/spiffe/spiffe-id.ts';
import { buildCsr, dnsName, rsaWithSha256, uriName } from '../support/csr-builder.ts';
import { reasonOf } from '../support/reason-of.ts';
import { testCa } from '../support/test-ca.ts';

const keys = generateKeyPair();
const p384 = generateKeyPair('P-384');
const rsa = generateKeyPair('RSA-2048');
const id = parseSpiffeId('spiffe://prod.example/w');

describe('a damaged request', () => {
  const good = createCsr({ ...keys, uris: [id], dnsNames: ['a.example'] });
  const goodRsa = buildCsr({ keys: rsa, algorithm: rsaWithSha256, names: [uriName(id)] });

  it.each([
    { kind: 'P-256', csr: good },
    { kind: 'RSA', csr: goodRsa },
  ])('of a $kind key fails with a SignetError, or is one that proves nothing', ({ csr }) => {
    const damage = fc.array(fc.tuple(fc.nat(csr.length - 1), fc.nat(255)), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(damage, (changes) => {
        const bytes = Buffer.from(csr);
        for (const [at, value] of changes) bytes[at] = value;
        const action = () => {
          const parsed = parseCsr(bytes);
          requestedNames(parsed);
          checkPossession(parsed);
        };
        const reason = reasonOf(action);
        expect(reason ?? 'valid').toMatch(bytes.equals(csr) ? /^valid$/ : /^(der|csr|key|names)\./);
      }),
      { numRuns: 1000 },
    );
  });

  it('cut short anywhere fails with a SignetError', () => {
    for (let length = 0; length < good.length; length += 1) {
      expect(reasonOf(() => parseCsr(good.subarray(0, length)))).toMatch(/^der\./);
    }
  });
});

describe('a refused request', () => {
  it.each([
    { why: 'proves nothing', csr: buildCsr({ keys, signingKey: generateKeyPair().privateKey }) },
    { why: 'has two URIs', csr: buildCsr({ keys, names: [uriName(id), uriName(id)] }) },
    {
      why: 'has another key under its signature',
      csr: buildCsr({ keys, spki: spkiOf(p384.publicKey) }),
    },
    { why: 'is no request', csr: Buffer.from('hello') },
  ])('costs no signature: one that $why', async ({ csr }) => {
    const ca = await testCa();
    let signatures = 0;
    const spy: Sign = (data, key) => {
      signatures += 1;
      return sign('sha256', data, key);
    };
    const issue = (bytes: Buffer) => {
      const request = parseCsr(bytes);
      checkPossession(request);
      requestedNames(request);
      return ca.leaf({ spki: request.spki, sign: spy });
    };
    expect(reasonOf(() => issue(csr))).toMatch(/^(csr|der)\./);
    expect(signatures).toBe(0);
    issue(buildCsr({ keys }));
    expect(signatures).toBe(1);
  });

  it('that asks to be a CA becomes a leaf like any other', async () => {
    const ca = await testCa();
    const asked = [
      extension('2.5.29.19', sequence(tlv(1, Buffer.from([255])), tlv(2, Buffer.from([3]))), true),
      extension('2.5.29.15', Buffer.from('03020106', 'hex'), true),
      extension('2.5.29.30', sequence(tlv(0xa0, sequence(dnsName('x')))), true),
    ];
    const subject = sequence(set(sequence(oid('2.5.4.3'), tlv(12, Buffer.from('\0\u202eevil')))));
    const request = parseCsr(buildCsr({ keys, extensions: asked, subject }));
    checkPossession(request);
    requestedNames(request);
    const { certificate } = ca.leaf({ spki: request.spki });
    const plain = ca.leaf({ keys }).certificate;
    // all but the serials
    const rest = ({ tbs }: { tbs: Buffer }) => tbs.toString('hex', 27);
    expect(rest(certificate)).toBe(rest(plain));
    expect(certificate.isCa).toBe(false);
  });
});

import { describe, expect, it } from 'vitest';
import { type ChainInput, verifyChain } from '../../src/pki/chain.ts';
import { extension, sequence, tlv } from '../../src/pki/der-writer.ts';
import { generateKeyPair } from '../../src/pki/key.ts';
import { RootSet } from '../../src/pki/root-set.ts';
import {
  type BuiltCertificate,
  buildCa,
  buildCertificate,
  testTime,
} from '../support/certificate-builder.ts';
import { ecdsaWithSha384, rsaWithSha256, uriName } from '../support/csr-builder.ts';
import { reasonOf } from '../support/reason-of.ts';
import { testCa } from '../support/test-ca.ts';

const root = buildCa({ subject: 'root' });
const issuer = buildCa({ subject: 'issuer', issuer: root, pathLength: 0 });
const leaf = buildCertificate({ issuer });

const verify = (chain: readonly BuiltCertificate[], input: Partial<ChainInput> = {}) =>
  verifyChain({
    chain: chain.map(({ der }) => der),
    roots: [root.der],
    at: testTime,
    usage: 'client',
    ...input,
  });

describe('verifyChain', () => {
  it('says whose chain it is', () => {
    const verified = verify([leaf, issuer]);
    expect(verified.spiffeId).toBe('spiffe://prod.example/w');
    expect(verified.leaf.der).toEqual(leaf.der);
    expect(verified.root.der).toEqual(root.der);
    expect(verified.path).toHaveLength(3);
  });

  it('verifies what our own CA issues', async () => {
    const ca = await testCa();
    const input = { roots: [ca.root.der], at: ca.now(), usage: 'server' } as const;
    expect(verifyChain({ chain: ca.leaf().chain, ...input }).spiffeId).toBe(
      'spiffe://prod.example/w',
    );
    const foreign = ca.leaf({ spiffeId: 'spiffe://other.example/w' });
    expect(reasonOf(() => verifyChain({ chain: foreign.chain, ...input }))).toBe(
      'chain.name_constraints',
    );
  });

  it('takes certificates in any order, and ones it does not need', () => {
    const deep = buildCa({ subject: 'deep', issuer: buildCa({ subject: 'x', issuer: root }) });
    const stray = buildCa({ subject: 'stray' });
    for (const chain of [
      [leaf, stray, issuer],
      [leaf, issuer, root],
      [leaf, deep, issuer, stray],
    ]) {
      expect(verify(chain).path).toHaveLength(3);
    }
  });

  const rsa = generateKeyPair('RSA-2048');
  const p384 = generateKeyPair('P-384');
  it.each([
    {
      kind: 'RSA',
      ca: { keys: rsa, algorithm: rsaWithSha256 },
      algorithm: rsaWithSha256,
      digest: 'sha256',
    },
    { kind: 'P-384', ca: { keys: p384 }, algorithm: ecdsaWithSha384, digest: 'sha384' },
  ])('verifies signatures of $kind', ({ ca, algorithm, digest }) => {
    const other = buildCa(ca);
    const below = buildCertificate({ issuer: other, algorithm, digest });
    expect(verify([below], { roots: [other.der] }).path).toHaveLength(2);
  });

  const expired = { notBefore: testTime - 9, notAfter: testTime - 1 };
  const future = { notBefore: testTime + 1, notAfter: testTime + 9 };
  const under = (ca: BuiltCertificate) => [buildCertificate({ issuer: ca }), ca];
  const ca = (options: Parameters<typeof buildCa>[0]) =>
    under(buildCa({ subject: 'issuer', issuer: root, ...options }));
  it.each([
    { why: 'nothing', chain: [], reason: 'chain.empty' },
    {
      why: 'nine certificates',
      chain: [leaf, ...Array<BuiltCertificate>(8).fill(issuer)],
      reason: 'chain.too_long',
    },
    { why: 'no intermediate', chain: [leaf], reason: 'chain.untrusted' },
    { why: 'a root nobody trusts', chain: under(buildCa()), reason: 'chain.untrusted' },
    { why: 'a leaf that trusts itself', chain: [buildCertificate()], reason: 'chain.untrusted' },
    {
      why: 'the name and key id of a CA without its signature',
      chain: [buildCertificate({ issuer, signingKey: generateKeyPair().privateKey }), issuer],
      reason: 'chain.untrusted',
    },
    {
      why: 'an expired leaf',
      chain: [buildCertificate({ issuer, ...expired }), issuer],
      reason: 'chain.validity',
    },
    {
      why: 'a leaf of the future',
      chain: [buildCertificate({ issuer, ...future }), issuer],
      reason: 'chain.validity',
    },
    { why: 'an expired intermediate', chain: ca(expired), reason: 'chain.validity' },
    { why: 'an intermediate of the future', chain: ca(future), reason: 'chain.validity' },
    {
      why: 'a leaf as issuer',
      chain: [buildCertificate({ issuer: leaf }), leaf, issuer],
      reason: 'chain.not_a_ca',
    },
    {
      why: 'a CA without keyCertSign',
      chain: ca({ keyUsage: 0b1000000 }),
      reason: 'chain.not_a_ca',
    },
    {
      why: 'a CA below path length 0',
      chain: [...under(buildCa({ issuer })), issuer],
      reason: 'chain.path_length',
    },
    {
      why: 'an unknown critical extension',
      chain: ca({ extensions: [extension('1.2.3', sequence(), true)] }),
      reason: 'chain.critical_extension',
    },
    {
      why: 'another extended key usage',
      chain: [buildCertificate({ issuer, usages: ['1.3.6.1.5.5.7.3.1'] }), issuer],
      reason: 'chain.usage',
    },
    {
      why: 'SHA-1',
      chain: [
        buildCertificate({
          issuer,
          digest: 'sha1',
          algorithm: sequence(Buffer.from('06072a8648ce3d0401', 'hex')),
        }),
        issuer,
      ],
      reason: 'chain.algorithm',
    },
    {
      why: 'a CA as leaf',
      chain: [buildCa({ issuer, names: [uriName('spiffe://prod.example/w')] }), issuer],
      reason: 'svid.signing',
    },
    {
      why: 'RSA of 8192 bits',
      chain: [
        buildCertificate({
          issuer,
          keyIds: false,
          spki: sequence(
            Buffer.from('300d06092a864886f70d0101010500', 'hex'),
            tlv(
              3,
              Buffer.from([0]),
              sequence(tlv(2, Buffer.alloc(1024, 0x41)), Buffer.from('0203010001', 'hex')),
            ),
          ),
        }),
        issuer,
      ],
      reason: 'key.size',
    },
  ])('refuses $why', ({ chain, reason }) => {
    expect(reasonOf(() => verify(chain))).toBe(reason);
  });

  it('holds at the first and the last second', () => {
    expect(verify([leaf, issuer], { at: testTime + 3600 }).path).toHaveLength(3);
    expect(verify([leaf, issuer], { at: testTime - 3600 }).path).toHaveLength(3);
    expect(reasonOf(() => verify([leaf, issuer], { at: testTime + 3601 }))).toBeDefined();
    expect(reasonOf(() => verify([leaf, issuer], { at: testTime - 3601 }))).toBeDefined();
  });

  it('does not trust an expired root, but one beside it under the same key', () => {
    const old = buildCa({ subject: 'root', keys: root.keys, ...expired });
    expect(reasonOf(() => verify([leaf, issuer], { roots: [old.der] }))).toBe('chain.untrusted');
    expect(verify([leaf, issuer], { roots: [old.der, root.der] }).root.der).toEqual(root.der);
  });

  it('finds one among 200 roots of the same name with a single check', () => {
    const roots = [...Array.from({ length: 200 }, () => buildCa({ subject: 'root' })), root];
    // ten checks at most: trying the roots one after another would be refused
    expect(
      verify([leaf, issuer], { roots: RootSet.of(roots.map(({ der }) => der)) }).root.der,
    ).toEqual(root.der);
  });

  it('gives up after ten signature checks', () => {
    const plain = buildCertificate({ keyIds: false, issuer: root });
    const roots = Array.from({ length: 20 }, () => buildCa({ subject: 'root' }).der);
    expect(reasonOf(() => verify([plain], { roots }))).toBe('chain.too_many_checks');
  });
});

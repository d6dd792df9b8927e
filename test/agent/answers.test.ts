// What the agent takes from a server, and what not.
import { create } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { acceptSvid } from '../../src/agent/issued-svid.ts';
import { isSameBundle, isTainted, readBundle } from '../../src/agent/server-bundle.ts';
import type { ServerClients } from '../../src/agent/server-connection.ts';
import { requestSvids } from '../../src/agent/svid-request.ts';
import { BundleSchema } from '../../src/gen/spire/api/types/bundle_pb.js';
import { generateKeyPair, privateKeyDer } from '../../src/pki/key.ts';
import { parseSelector } from '../../src/spiffe/selector.ts';
import { parseSpiffeId } from '../../src/spiffe/spiffe-id.ts';
import { parseTrustDomain } from '../../src/spiffe/trust-domain.ts';
import { reasonOf } from '../support/reason-of.ts';
import { rejectionOf } from '../support/rejection-of.ts';
import { testCa } from '../support/test-ca.ts';

const trustDomain = parseTrustDomain('prod.example');
const spiffeId = parseSpiffeId('spiffe://prod.example/w');

describe('an issued SVID', () => {
  test('is taken with the key it was asked for', async () => {
    const [ca, keys] = [await testCa(), generateKeyPair()];
    const { chain, certificate } = ca.leaf({ keys });
    expect(acceptSvid(chain, { ...keys, spiffeId })).toEqual({
      spiffeId,
      chain,
      privateKey: privateKeyDer(keys.privateKey),
      serial: certificate.serial,
      notBefore: certificate.notBefore,
      notAfter: certificate.notAfter,
    });
  });

  test('of another key, of another name, that is a CA, empty or too long is refused', async () => {
    const [ca, keys] = [await testCa(), generateKeyPair()];
    const { chain } = ca.leaf({ keys });
    const [leaf = Buffer.alloc(0)] = chain;
    const asked = { ...keys, spiffeId };
    const refused = [
      () => acceptSvid(ca.leaf().chain, asked),
      () => acceptSvid(ca.leaf({ keys, spiffeId: 'spiffe://prod.example/x' }).chain, asked),
      () => acceptSvid([ca.issuer.der], asked),
      () => acceptSvid([], asked),
      () =>
        acceptSvid(
          Array.from({ length: 9 }, () => leaf),
          asked,
        ),
      () => acceptSvid([leaf, Buffer.from('nonsense')], asked),
    ].map(reasonOf);
    expect(new Set(refused)).toEqual(new Set(['node.server_svid']));
  });
});

describe('answers to a batch', () => {
  const entryOf = (id: string) => ({
    id,
    spiffeId,
    selectors: new Set([parseSelector('unix:uid:1')]),
    hint: '',
    revision: 0n,
    createdAt: 0n,
  });
  const clientsOf = (results: readonly object[]) =>
    ({ svid: { batchNewX509SVID: async () => ({ results }) } }) as unknown as ServerClients;
  const ask = (results: readonly object[]) =>
    requestSvids(clientsOf(results), [entryOf('a'), entryOf('b')], new AbortController().signal);

  test('that are not one for each are none', async () => {
    expect(await rejectionOf(ask([{ status: { code: 0 } }]))).toMatchObject({
      reason: 'node.server_protocol',
    });
  });

  test('are judged one by one', async () => {
    const { chain } = (await testCa()).leaf();
    const outcomes = await ask([
      { status: { code: 5 } },
      { status: { code: 0 }, svid: { certChain: chain } },
    ]);
    expect(outcomes.map(({ entry, result }) => [entry.id, result])).toMatchObject([
      ['a', { reason: 'node.svid_refused', details: { status: 5 } }],
      ['b', { reason: 'node.server_svid' }],
    ]);
  });

  test('without status or without SVID are failures', async () => {
    const outcomes = await ask([{}, { status: { code: 0 } }]);
    expect(outcomes.map(({ result }) => result)).toMatchObject([
      { reason: 'node.svid_refused' },
      { reason: 'node.svid_refused' },
    ]);
  });
});

describe('the bundle of the server', () => {
  const bundleOf = (
    authorities: { asn1: Uint8Array; tainted?: boolean }[],
    name = 'prod.example',
  ) =>
    create(BundleSchema, { trustDomain: name, x509Authorities: authorities, sequenceNumber: 7n });

  test('is taken with what is tainted in it, each root once', async () => {
    const [ca, other] = [await testCa(), await testCa()];
    const asn1 = ca.root.der;
    const message = bundleOf([{ asn1, tainted: true }, { asn1: other.root.der }, { asn1 }]);
    const { bundle, tainted } = readBundle(message, trustDomain);
    expect(bundle.authorities).toEqual([ca.root.der, other.root.der]);
    expect(bundle.sequence).toBe(7);
    const svidOf = (issuing: typeof ca) => {
      const keys = generateKeyPair();
      return acceptSvid(issuing.leaf({ keys }).chain, keys);
    };
    expect(isTainted(svidOf(ca), tainted)).toBe(true);
    expect(isTainted(svidOf(other), tainted)).toBe(false);
  });

  test('without roots, of another trust domain, or with what is no root is refused', async () => {
    const ca = await testCa();
    const refused = [
      bundleOf([]),
      bundleOf([{ asn1: ca.root.der }], 'x.example'),
      bundleOf([{ asn1: ca.root.der }, { asn1: ca.leaf().certificate.der }]),
      bundleOf([{ asn1: Buffer.concat([ca.root.der, ca.root.der]) }]),
      bundleOf(Array.from({ length: 1001 }, () => ({ asn1: ca.root.der }))),
    ].map((message) => reasonOf(() => readBundle(message, trustDomain)));
    expect(new Set(refused)).toEqual(new Set(['node.server_bundle']));
  });

  test('is the same if its content is', async () => {
    const [ca, other] = [await testCa(), await testCa()];
    const read = (...roots: Uint8Array[]) =>
      readBundle(bundleOf(roots.map((asn1) => ({ asn1 }))), trustDomain).bundle;
    const one = read(ca.root.der);
    expect(isSameBundle(one, read(Buffer.from(ca.root.der)))).toBe(true);
    expect(isSameBundle(one, read(other.root.der))).toBe(false);
    expect(isSameBundle(one, read(ca.root.der, other.root.der))).toBe(false);
    expect(isSameBundle(one, { ...one, sequence: 8 })).toBe(false);
  });
});

import { describe, expect, it } from 'vitest';
import type { Order } from '../../src/ca/issuance.ts';
import { generateKeyPair, spkiOf } from '../../src/pki/key.ts';
import { SerialSource } from '../../src/pki/serial.ts';
import { buildCsr, extensionRequest, sanExtension, uriName } from '../support/csr-builder.ts';
import { manualClock } from '../support/manual-clock.ts';
import { reasonOf } from '../support/reason-of.ts';
import { profiles, testOrder } from '../support/test-issuance.ts';
import { ca, now, nowMs, testPipeline } from '../support/test-pipeline.ts';

const uri = 'spiffe://prod.example/w';

interface Refusal {
  readonly title: string;
  readonly order: () => Order;
  readonly reason: string;
  readonly at?: () => number;
}

const tampered = (at: (csr: Buffer) => number) => {
  const csr = Buffer.from(testOrder().csr);
  const index = at(csr);
  csr[index] = (csr[index] ?? 0) ^ 1;
  return testOrder({ csr });
};

const refusals: readonly Refusal[] = [
  {
    title: 'a request whose signature has a flipped bit',
    order: () => tampered((csr) => csr.length - 1),
    reason: 'csr.possession',
  },
  {
    title: 'a request for the key of somebody else',
    order: () => {
      const spki = spkiOf(generateKeyPair().publicKey);
      return testOrder({ csr: buildCsr({ spki, names: [uriName(uri)] }) });
    },
    reason: 'csr.possession',
  },
  {
    title: 'a request that is no DER',
    order: () => testOrder({ csr: Buffer.from('no request') }),
    reason: 'der.tag',
  },
  {
    title: 'an empty request',
    order: () => testOrder({ csr: Buffer.of() }),
    reason: 'der.tag',
  },
  {
    title: 'a request that is too long',
    order: () => testOrder({ csr: Buffer.alloc(16_385, 0x30) }),
    reason: 'csr.too_long',
  },
  {
    title: 'a workload that names another SPIFFE ID',
    order: () => testOrder({ uris: ['spiffe://prod.example/v'] }),
    reason: 'issuance.uri',
  },
  {
    title: 'a workload that names the path below its own',
    order: () => testOrder({ uris: [`${uri}/x`] }),
    reason: 'issuance.uri',
  },
  {
    title: 'a workload that names none',
    order: () => testOrder({ uris: [] }),
    reason: 'issuance.uri',
  },
  {
    title: 'a workload that names two',
    order: () => testOrder({ csr: buildCsr({ names: [uriName(uri), uriName(uri)] }) }),
    reason: 'csr.uris',
  },
  {
    title: 'a workload that names two in one string',
    order: () => testOrder({ csr: buildCsr({ names: [uriName(`${uri}, URI:${uri}`)] }) }),
    reason: 'issuance.uri',
  },
  {
    title: 'a request with two lists of extensions',
    order: () => {
      const attribute = extensionRequest(sanExtension(uriName(uri)));
      return testOrder({ csr: buildCsr({ attributes: [attribute, attribute] }) });
    },
    reason: 'csr.duplicate',
  },
  {
    title: 'a SPIFFE ID of another trust domain',
    order: () => testOrder({ spiffeId: 'spiffe://prod.example.evil/w' }),
    reason: 'issuance.spiffe_id',
  },
  {
    title: 'the SPIFFE ID of the trust domain itself',
    order: () => testOrder({ spiffeId: 'spiffe://prod.example' }),
    reason: 'issuance.spiffe_id',
  },
  {
    title: 'a DNS name that is none',
    order: () => testOrder({ dnsNames: ['a b'] }),
    reason: 'names.dns',
  },
  {
    title: 'the key of the issuer itself',
    order: () => testOrder({ keys: { publicKey: ca.issuer.publicKey, privateKey: ca.issuerKey } }),
    reason: 'issuance.authority_key',
  },
  {
    title: 'the key of the root',
    order: () => testOrder({ keys: { publicKey: ca.root.publicKey, privateKey: ca.rootKey } }),
    reason: 'issuance.authority_key',
  },
  {
    title: 'a curve we do not certify',
    order: () => {
      const csr = Buffer.from(testOrder().csr);
      // prime256v1 becomes another arc below 1.2.840.10045.3.1
      csr[csr.indexOf(Buffer.from('2a8648ce3d030107', 'hex')) + 7] = 6;
      return testOrder({ csr });
    },
    reason: 'key.algorithm',
  },
  {
    title: 'an order that has ended',
    order: () => testOrder({ notAfter: now }),
    reason: 'issuance.order_expired',
  },
  {
    title: 'anything once the issuer has ended',
    order: () => testOrder(),
    reason: 'authority.no_issuer',
    at: () => ca.issuer.notAfter * 1000,
  },
];

describe('refused, and nothing signed, is', () => {
  it.each(refusals)('$title', ({ order, reason, at }) => {
    const { issue, signed } = testPipeline();
    expect(reasonOf(() => issue(order(), at?.() ?? nowMs))).toBe(reason);
    expect(signed).toHaveLength(0);
    issue();
    expect(signed).toHaveLength(1);
  });

  it('a profile that is not configured', () => {
    const { issue, signed } = testPipeline({ profiles: profiles.slice(0, 1) });
    expect(reasonOf(() => issue(testOrder({ profile: 'server' })))).toBe('issuance.profile');
    expect(signed).toHaveLength(0);
  });

  it('anything while there is no randomness', () => {
    const serials = new SerialSource(manualClock(), () => {
      throw new Error('no entropy');
    });
    const { issue, signed } = testPipeline({}, serials);
    expect(reasonOf(() => issue())).toBe('serial.randomness');
    expect(signed).toHaveLength(0);
  });

  it('a certificate that the key of the issuer does not fit', () => {
    const { issue, signed } = testPipeline({ privateKey: generateKeyPair().privateKey });
    expect(reasonOf(() => issue())).toBe('lint.issuer');
    expect(signed).toHaveLength(0);
  });

  it('a request with any bit of these flipped, by a named error', () => {
    const { issue } = testPipeline();
    const good = Buffer.from(testOrder().csr);
    for (let at = 0; at < good.length; at += 1) {
      for (const bit of [0x01, 0x80]) {
        const csr = Buffer.from(good);
        csr[at] = (csr[at] ?? 0) ^ bit;
        expect(reasonOf(() => issue(testOrder({ csr })))).toBeDefined();
      }
    }
  });
});

import { afterEach, describe, expect, it } from 'vitest';
import { parseCertificate } from '../../src/pki/certificate.ts';
import { encodePem } from '../../src/pki/pem.ts';
import { SignetError } from '../../src/runtime/errors.ts';
import { openssl } from '../support/openssl.ts';
import {
  type IssuanceOptions,
  issuedOf,
  origin,
  refusalOf,
  testIssuance,
  testOrder,
} from '../support/test-issuance.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function open(options: IssuanceOptions = {}) {
  const opened = await testIssuance(options);
  closing.push(opened.close);
  return opened;
}

const id = (name: string) => `spiffe://prod.example/${name}`;
const pem = (der: Uint8Array | undefined) => encodePem('CERTIFICATE', der ?? Uint8Array.of());

describe('issue', () => {
  it('gives certificates in the order of the orders, each with its chain', async () => {
    const { service, authorities } = await open();
    const names = Array.from({ length: 150 }, (_, index) => id(`w/${String(index)}`));
    const orders = names.map((spiffeId) => testOrder({ spiffeId }));
    const issued = (await service.issue(orders, origin)).map(issuedOf);
    expect(issued.map(({ spiffeId }) => spiffeId)).toEqual(names);
    for (const { chain, serial, notBefore, notAfter, spiffeId } of issued) {
      const [leaf = Buffer.of(), ...rest] = chain;
      expect(parseCertificate(leaf)).toMatchObject({
        serial,
        notBefore,
        notAfter,
        uris: [spiffeId],
      });
      expect(rest).toEqual([authorities.activeIssuer().authority.certificate]);
    }
  });

  it('gives a chain that openssl verifies up to the root', async () => {
    const { service, authorities, clock } = await open();
    const [outcome] = await service.issue([testOrder()], origin);
    const [leaf, issuer] = issuedOf(outcome).chain;
    const files = {
      'root.pem': pem(authorities.bundle().authorities[0]),
      'issuer.pem': pem(issuer),
      'leaf.pem': pem(leaf),
    };
    const at = ['-attime', String(clock.unixMs() / 1000), '-x509_strict', '-purpose', 'sslclient'];
    const chain = ['-CAfile', 'root.pem', '-untrusted', 'issuer.pem', 'leaf.pem'];
    expect(openssl(['verify', ...at, ...chain], files).text).toContain('leaf.pem: OK');
    const alone = openssl(['verify', ...at, '-CAfile', 'root.pem', 'leaf.pem'], files);
    expect(alone.isOk).toBe(false);
  });

  it('gives nothing for no orders', async () => {
    const { service, ledger } = await open();
    const before = ledger.leaves.length;
    await expect(service.issue([], origin)).resolves.toEqual([]);
    expect(ledger.leaves).toHaveLength(before);
  });

  it('has exactly one leaf for each certificate it released', async () => {
    const { service, ledger } = await open();
    const orders = Array.from({ length: 100 }, () => testOrder());
    const issued = (await service.issue(orders, origin)).map(issuedOf);
    const logged = ledger.of('x509.issued').map(({ serial }) => String(serial));
    expect(logged.toSorted()).toEqual(issued.map(({ serial }) => serial).toSorted());
  });

  it('releases nothing before its leaf is durable', async () => {
    const { service, ledger } = await open();
    const reached = Promise.withResolvers<void>();
    const durable = Promise.withResolvers<void>();
    ledger.beforeWrite = async () => {
      reached.resolve();
      await durable.promise;
    };
    const released: string[] = [];
    const outcomes = service.issue([testOrder()], origin).then((list) => {
      released.push('released');
      return list;
    });
    await reached.promise;
    for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
    expect(released).toEqual([]);
    durable.resolve();
    issuedOf((await outcomes)[0]);
    expect(ledger.of('x509.issued')).toHaveLength(1);
  });

  it('releases nothing if the leaves cannot be made durable', async () => {
    const { service, ledger } = await open();
    ledger.failures.push(new SignetError('store.unavailable'));
    await expect(service.issue([testOrder()], origin)).rejects.toMatchObject({
      reason: 'store.unavailable',
    });
    expect(ledger.of('x509.issued')).toEqual([]);
  });

  it('takes 1,000 orders in a call and no more', async () => {
    const { service } = await open();
    const orders = Array.from({ length: 1001 }, () => testOrder({ csr: Buffer.of() }));
    await expect(service.issue(orders, origin)).rejects.toMatchObject({
      reason: 'issuance.too_many',
    });
    await expect(service.issue(orders.slice(1), origin)).resolves.toHaveLength(1000);
  });

  it('says that it is overloaded when too many wait', async () => {
    const { service } = await open({ threads: { maxQueued: 64 } });
    const orders = Array.from({ length: 65 }, () => testOrder());
    await expect(service.issue(orders, origin)).rejects.toMatchObject({
      reason: 'issuance.overloaded',
    });
  });
});

describe('a refused order', () => {
  it('leaves the others of its call alone', async () => {
    const { service } = await open();
    const orders = [testOrder(), testOrder({ uris: [] }), testOrder()];
    const outcomes = await service.issue(orders, origin);
    expect(outcomes.map(refusalOf)).toEqual([undefined, 'issuance.uri', undefined]);
    issuedOf(outcomes[0]);
    issuedOf(outcomes[2]);
  });

  it('is logged with what it was for, and by whom, and nothing of the request', async () => {
    const { service, ledger } = await open();
    const node = testOrder({ spiffeId: id('spire/agent/a') }).spiffeId;
    await service.issue(
      [testOrder({ csr: Buffer.from('raw input'), node, entry: 'e1:0' })],
      origin,
    );
    expect(ledger.of('x509.rejected')).toEqual([
      {
        t: 'x509.rejected',
        reason: 'der.tag',
        spiffeId: id('w'),
        node,
        target: 'e1:0',
        actor: origin.actor,
        req: origin.requestId,
      },
    ]);
    expect(ledger.of('x509.issued')).toEqual([]);
  });

  it('is logged once, even if the others had to be signed again', async () => {
    const { service, ledger } = await open();
    ledger.failures.push(new SignetError('store.duplicate_serial'));
    const outcomes = await service.issue([testOrder(), testOrder({ uris: [] })], origin);
    expect(outcomes.map(refusalOf)).toEqual([undefined, 'issuance.uri']);
    expect(ledger.of('x509.rejected')).toHaveLength(1);
  });
});

describe('a serial that is taken', () => {
  it('is never used again: all is signed anew', async () => {
    const { service, ledger } = await open();
    const seen: string[] = [];
    const append = ledger.append.bind(ledger);
    ledger.append = async (leaves) => {
      const text = Buffer.from(leaves.bytes).toString('latin1');
      seen.push(...[...text.matchAll(/"serial":"(\w+)"/g)].map(([, serial = '']) => serial));
      return append(leaves);
    };
    ledger.failures.push(new SignetError('store.duplicate_serial'));
    ledger.failures.push(new SignetError('store.duplicate_serial'));
    const outcomes = await service.issue([testOrder(), testOrder()], origin);
    expect(seen).toHaveLength(6);
    expect(new Set(seen).size).toBe(6);
    expect(outcomes.map(issuedOf).map(({ serial }) => serial)).toEqual(seen.slice(4));
    expect(ledger.of('x509.issued').map(({ serial }) => serial)).toEqual(seen.slice(4));
  });

  it('is reported if it happens again and again', async () => {
    const { service, ledger } = await open();
    const taken = () => new SignetError('store.duplicate_serial');
    ledger.failures.push(taken(), taken(), taken());
    await expect(service.issue([testOrder()], origin)).rejects.toMatchObject({
      reason: 'store.duplicate_serial',
    });
    issuedOf((await service.issue([testOrder()], origin))[0]);
  });
});

describe('issueWith', () => {
  const note = ({ serial }: { serial: string }) => ({ serial });

  it('commits a change made from what was issued, in one unit with the leaf', async () => {
    const { service, ledger } = await open();
    const { issued, committed } = await service.issueWith(testOrder(), 'test.note', note, origin);
    expect(committed.result).toBe(issued.serial);
    expect(ledger.leaves.slice(-2)).toMatchObject([
      { t: 'test.note', target: issued.serial },
      { t: 'x509.issued', serial: issued.serial },
    ]);
  });

  it('releases nothing if the change is refused', async () => {
    const { service, ledger } = await open();
    ledger.beforeWrite = async () => {
      throw new SignetError('agent.banned');
    };
    const issue = service.issueWith(testOrder(), 'test.note', note, origin);
    await expect(issue).rejects.toMatchObject({ reason: 'agent.banned' });
    expect(ledger.of('x509.issued')).toEqual([]);
  });

  it('changes nothing if the order is refused, which is logged', async () => {
    const { service, ledger } = await open();
    const issue = service.issueWith(testOrder({ uris: [] }), 'test.note', note, origin);
    await expect(issue).rejects.toMatchObject({ reason: 'issuance.uri' });
    expect(ledger.of('test.note')).toEqual([]);
    expect(ledger.of('x509.rejected')).toHaveLength(1);
  });

  it('makes the change anew where a serial is taken', async () => {
    const { service, ledger } = await open();
    ledger.failures.push(new SignetError('store.duplicate_serial'));
    const made: string[] = [];
    const change = ({ serial }: { serial: string }) => {
      made.push(serial);
      return { serial };
    };
    const { issued } = await service.issueWith(testOrder(), 'test.note', change, origin);
    expect(new Set(made).size).toBe(2);
    expect(made[1]).toBe(issued.serial);
  });
});

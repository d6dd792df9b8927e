import { afterEach, describe, expect, it } from 'vitest';
import { IssuerService } from '../../src/ca/issuer-service.ts';
import { parseCertificate } from '../../src/pki/certificate.ts';
import { silentLogger as log } from '../../src/runtime/log.ts';
import { manualClock } from '../support/manual-clock.ts';
import { MemoryLedger, type TestChanges } from '../support/memory-ledger.ts';
import { reasonOf } from '../support/reason-of.ts';
import {
  dayMs,
  type IssuanceOptions,
  issuedOf,
  origin,
  profiles,
  refusalOf,
  testAuthorities,
  testIssuance,
  testOrder,
  trustDomain,
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

describe('an issuer that may not sign', () => {
  it.each(['tainted', 'retiring'] as const)('is refused once it is %s', async (to) => {
    const { service, authorities, ledger } = await open();
    await authorities.transition(authorities.activeIssuer().authority.id, to);
    await expect(service.issue([testOrder()], origin)).rejects.toMatchObject({
      reason: 'authority.no_issuer',
    });
    expect(ledger.of('x509.issued')).toEqual([]);
  });

  it('is refused once it has ended', async () => {
    const clock = manualClock();
    const { service } = await open({ clock });
    clock.advance(30 * dayMs);
    await expect(service.issue([testOrder()], origin)).rejects.toMatchObject({
      reason: 'authority.no_issuer',
    });
  });

  it('has nothing released that was on its way when it was tainted', async () => {
    const { service, authorities, ledger } = await open();
    const { id: issuer } = authorities.activeIssuer().authority;
    const admin = { actor: 'user:ada', requestId: 'r' };
    ledger.beforeWrite = async (kind) => {
      if (kind !== 'append') return;
      await ledger.commit('authority.transition', { id: issuer, to: 'tainted' }, admin);
    };
    await expect(service.issue([testOrder()], origin)).rejects.toMatchObject({
      reason: 'issuance.not_released',
    });
  });

  it('stops only after what it signed is in the log', async () => {
    const { service, authorities, ledger } = await open();
    const { id: first } = authorities.activeIssuer().authority;
    const orders = Array.from({ length: 300 }, () => testOrder());
    const under = service.issue(orders, origin);
    const { id: next } = await authorities.makeIssuer('prepared');
    await authorities.transition(next, 'active');
    await authorities.transition(first, 'retiring');
    (await under).map(issuedOf);
    await service.issue(orders.slice(0, 10), origin);
    const stopped = ledger.leaves.findIndex(
      ({ target, state }) => target === first && state === 'retiring',
    );
    const after = ledger.leaves.slice(stopped).filter(({ t }) => t === 'x509.issued');
    expect(after.map(({ ca }) => ca)).toEqual(Array.from({ length: 10 }, () => next));
  });
});

describe('a switch of issuer', () => {
  it('gives each certificate the chain of the issuer that signed it', async () => {
    const { service, authorities } = await open();
    const before = service.issue([testOrder()], origin);
    const { id: next } = await authorities.makeIssuer('prepared');
    await authorities.transition(next, 'active');
    const after = service.issue([testOrder()], origin);
    for (const outcomes of [await before, await after]) {
      const [leaf, issuer] = issuedOf(outcomes[0]).chain.map(parseCertificate);
      expect(leaf?.authorityKeyId).toBe(issuer?.subjectKeyId);
    }
    expect(parseCertificate(issuedOf((await after)[0]).chain[1] ?? Buffer.of()).subjectKeyId).toBe(
      next,
    );
  });

  it('certifies the key of no authority, not even of one that is only prepared', async () => {
    const { service, authorities, keys } = await open();
    issuedOf((await service.issue([testOrder()], origin))[0]);
    const { id: next } = await authorities.makeIssuer('prepared');
    const signer = await keys.get(next);
    const order = testOrder(signer === undefined ? {} : { keys: signer });
    expect(refusalOf((await service.issue([order], origin))[0])).toBe('issuance.authority_key');
  });
});

describe('a service', () => {
  it('is not set up with profiles that the authorities do not allow for', async () => {
    const ledger = new MemoryLedger();
    const { authorities } = await testAuthorities({
      ledger,
      settings: { svidMaxTtlSeconds: 3600 },
    });
    const { threads } = await open();
    const options = { authorities, threads, ledger, log, trustDomain, profiles };
    expect(reasonOf(() => new IssuerService<TestChanges>(options))).toBe('issuance.ttl');
  });
});

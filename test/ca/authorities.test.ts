import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Authorities } from '../../src/ca/authorities.ts';
import { MemoryKeys } from '../../src/ca/memory-keys.ts';
import { parseCertificate } from '../../src/pki/certificate.ts';
import { encodePem } from '../../src/pki/pem.ts';
import { SignetError } from '../../src/runtime/errors.ts';
import { silentLogger as log } from '../../src/runtime/log.ts';
import { manualClock } from '../support/manual-clock.ts';
import { MemoryLedger } from '../support/memory-ledger.ts';
import { openssl } from '../support/openssl.ts';
import { reasonOf } from '../support/reason-of.ts';
import { day, dayMs, testAuthorities, trustDomain } from '../support/test-issuance.ts';

const pem = (der: Uint8Array) => encodePem('CERTIFICATE', der);
const names = ({ role, state }: { role: string; state: string }) => `${state} ${role}`;

describe('at the first start', () => {
  it('there are one root and one issuer below it, both active', async () => {
    const { authorities } = await testAuthorities();
    expect(authorities.list().map(names)).toEqual(['active root', 'active issuer']);
    const [root, issuer] = authorities.list();
    expect(root?.parentId).toBe(root?.id);
    expect(issuer?.parentId).toBe(root?.id);
  });

  it('openssl verifies the issuer by the root', async () => {
    const { authorities } = await testAuthorities();
    const [root, issuer] = authorities.list();
    const files = {
      'root.pem': pem(root?.certificate ?? Uint8Array.of()),
      'issuer.pem': pem(issuer?.certificate ?? Uint8Array.of()),
    };
    const at = String(manualClock().unixMs() / 1000);
    const args = ['verify', '-x509_strict', '-attime', at, '-CAfile', 'root.pem', 'issuer.pem'];
    expect(openssl(args, files).text).toContain('issuer.pem: OK');
  });

  it('no CA certificate is signed before the log knows of the intent', async () => {
    const ledger = new MemoryLedger();
    const { authorities } = await testAuthorities({ ledger });
    const events = ledger.leaves.map(({ t, target }) => [t, target]);
    const [root, issuer] = authorities.list();
    expect(events).toEqual([
      ['ca.cert.intent', root?.id],
      ['ca.cert.issued', root?.id],
      ['ca.cert.intent', issuer?.id],
      ['ca.cert.issued', issuer?.id],
    ]);
  });

  it('the intent commits to the very bytes that are signed', async () => {
    const ledger = new MemoryLedger();
    const intents: unknown[] = [];
    const commit = ledger.commit.bind(ledger);
    ledger.commit = async (kind, input, ...rest) => {
      if (kind === 'authority.intent') intents.push(input);
      return commit(kind, input, ...rest);
    };
    const { authorities } = await testAuthorities({ ledger });
    const hashes = authorities.list().map(({ certificate }) => {
      const { tbs } = parseCertificate(certificate);
      return createHash('sha256').update(tbs).digest('base64url');
    });
    expect(intents).toMatchObject(hashes.map((tbsHash) => ({ tbsHash })));
  });

  it('nothing is signed if the intent cannot be made durable', async () => {
    const ledger = new MemoryLedger();
    ledger.beforeWrite = async () => {
      throw new SignetError('store.unavailable');
    };
    await expect(testAuthorities({ ledger })).rejects.toMatchObject({
      reason: 'store.unavailable',
    });
    expect(ledger.leaves).toEqual([]);
  });

  it('lives end as the settings say, and no issuer after its root', async () => {
    const clock = manualClock();
    const now = clock.unixMs() / 1000;
    const settings = { rootTtlSeconds: 10 * day, issuerTtlSeconds: 10 * day };
    const { authorities } = await testAuthorities({ clock, settings });
    expect(authorities.list()).toMatchObject([
      { notBefore: now - 10, notAfter: now + 10 * day },
      { notBefore: now - 10, notAfter: now + 10 * day },
    ]);
  });
});

describe('at later starts', () => {
  it('there are the same root and issuer', async () => {
    const first = await testAuthorities();
    const second = await testAuthorities(first);
    expect(second.authorities.list()).toEqual(first.authorities.list());
    expect(second.authorities.activeIssuer().authority).toEqual(
      first.authorities.activeIssuer().authority,
    );
    expect(second.authorities.bundle()).toEqual(first.authorities.bundle());
  });

  it.each(['root', 'issuer'] as const)('the missing key of the %s is named', async (role) => {
    const first = await testAuthorities();
    const authority = first.authorities.list().find((known) => known.role === role);
    await first.keys.delete(authority?.id ?? '');
    await expect(testAuthorities(first)).rejects.toMatchObject({
      reason: 'key.missing',
      details: { key: authority?.id },
    });
  });

  it('a key that is not that of the certificate is refused', async () => {
    const first = await testAuthorities();
    const other = new MemoryKeys();
    for (const { id } of first.authorities.list()) await other.create(id);
    await expect(testAuthorities({ ...first, keys: other })).rejects.toMatchObject({
      reason: 'key.mismatch',
    });
  });

  it('an issuer that has ended is followed by a new one, signed by the same root', async () => {
    const clock = manualClock();
    const first = await testAuthorities({ clock });
    clock.advance(31 * dayMs);
    const { authorities } = await testAuthorities(first);
    expect(authorities.list().map(names)).toEqual([
      'active root',
      'active issuer',
      'active issuer',
    ]);
    const { authority } = authorities.activeIssuer();
    expect(authority.id).toBe(authorities.list()[2]?.id);
    expect(authority.parentId).toBe(authorities.list()[0]?.id);
  });

  it('a root that has ended stops the start', async () => {
    const clock = manualClock();
    const first = await testAuthorities({ clock });
    clock.advance(3651 * dayMs);
    await expect(testAuthorities(first)).rejects.toMatchObject({ reason: 'authority.no_root' });
  });

  it('the key of an authority that never came to be is destroyed, and no other', async () => {
    const first = await testAuthorities();
    const { id } = await first.keys.draft();
    await first.keys.create('log', 'Ed25519');
    await testAuthorities(first);
    await expect(first.keys.get(id)).resolves.toBeUndefined();
    await expect(first.keys.drafts()).resolves.toEqual([]);
    await expect(first.keys.get('log')).resolves.toBeDefined();
  });

  it('keys stay even if the database is another one', async () => {
    const first = await testAuthorities();
    await testAuthorities({ ...first, ledger: new MemoryLedger() });
    for (const { id } of first.authorities.list()) {
      await expect(first.keys.get(id)).resolves.toBeDefined();
    }
  });

  it('a draft whose authority is in the log is kept', async () => {
    const keys = new MemoryKeys();
    keys.keep = async () => {
      throw new Error('killed');
    };
    const ledger = new MemoryLedger();
    await expect(testAuthorities({ ledger, keys })).rejects.toThrow('killed');
    Reflect.deleteProperty(keys, 'keep');
    const { authorities } = await testAuthorities({ ledger, keys });
    expect(authorities.list().map(names)).toEqual(['active root', 'active issuer']);
    await expect(keys.drafts()).resolves.toEqual([]);
  });
});

describe('the bundle', () => {
  it('holds the roots that are trusted', async () => {
    const { authorities } = await testAuthorities();
    expect(authorities.bundle()).toEqual({
      trustDomain,
      authorities: [authorities.list()[0]?.certificate],
      sequence: 1,
      refreshHintSeconds: 300,
    });
  });

  it('is told anew when a root leaves, whoever had it leave', async () => {
    const { authorities, ledger } = await testAuthorities();
    const before = authorities.bundles.value;
    const id = authorities.list()[0]?.id ?? '';
    const origin = { actor: 'user:ada', requestId: 'r' };
    await ledger.commit('authority.transition', { id, to: 'tainted' }, origin);
    expect(authorities.bundles.value).toBe(before);
    await ledger.commit('authority.transition', { id, to: 'revoked' }, origin);
    expect(authorities.bundles.value).toMatchObject({ authorities: [], sequence: 2 });
    await expect(ledger.bundleSequence()).resolves.toBe(2);
  });
});

describe('the active issuer', () => {
  it('comes with its chain, without the root, and with its key', async () => {
    const { authorities } = await testAuthorities();
    const { authority, chain, signer, certificate } = authorities.activeIssuer();
    expect(chain).toEqual([authority.certificate]);
    expect(signer.id).toBe(authority.id);
    expect(certificate.subjectKeyId).toBe(authority.id);
  });

  it('is none once it has ended', async () => {
    const clock = manualClock();
    const { authorities } = await testAuthorities({ clock });
    clock.advance(30 * dayMs - 1);
    expect(reasonOf(() => authorities.activeIssuer())).toBeUndefined();
    clock.advance(1);
    expect(reasonOf(() => authorities.activeIssuer())).toBe('authority.no_issuer');
  });

  it.each(['tainted', 'retiring'] as const)('is none once it is %s', async (to) => {
    const { authorities } = await testAuthorities();
    const { id } = authorities.activeIssuer().authority;
    await authorities.transition(id, to);
    expect(reasonOf(() => authorities.activeIssuer())).toBe('authority.no_issuer');
    expect(authorities.issuers.value).toBeUndefined();
    expect(authorities.isSigning(id)).toBe(to === 'retiring');
  });

  it('stays while the next one is prepared, and is that one once it is activated', async () => {
    const { authorities } = await testAuthorities();
    const before = authorities.activeIssuer();
    const { id } = await authorities.makeIssuer('prepared');
    expect(authorities.activeIssuer()).toBe(before);
    await authorities.transition(id, 'active');
    expect(authorities.activeIssuer().authority.id).toBe(id);
    expect(authorities.activeIssuer().signer.id).toBe(id);
  });

  it('is found again after a restart while the next one was prepared', async () => {
    const first = await testAuthorities();
    const before = first.authorities.activeIssuer().authority;
    const { id } = await first.authorities.makeIssuer('prepared');
    const { authorities } = await testAuthorities(first);
    expect(authorities.activeIssuer().authority).toEqual(before);
    await authorities.transition(id, 'active');
    expect(authorities.activeIssuer().authority.id).toBe(id);
  });
});

describe('an issuer that is retired', () => {
  it('has no key any more', async () => {
    const { authorities, keys } = await testAuthorities();
    const { id } = authorities.activeIssuer().authority;
    await authorities.transition(id, 'retiring');
    await expect(keys.get(id)).resolves.toBeDefined();
    await authorities.transition(id, 'retired');
    await expect(keys.get(id)).resolves.toBeUndefined();
  });

  it('loses its key at the next start if a crash came between', async () => {
    const first = await testAuthorities();
    const { id } = first.authorities.activeIssuer().authority;
    const origin = { actor: 'system:signet', requestId: 'r' };
    for (const to of ['retiring', 'retired'] as const) {
      await first.ledger.commit('authority.transition', { id, to }, origin);
    }
    await testAuthorities(first);
    await expect(first.keys.get(id)).resolves.toBeUndefined();
  });

  it('stops signing only after what it signed is in the log', async () => {
    const { authorities } = await testAuthorities();
    const order: string[] = [];
    authorities.drainBeforeRetiring(async () => void order.push('drained'));
    const { id } = authorities.activeIssuer().authority;
    await authorities.transition(id, 'retiring');
    order.push(authorities.list().find((known) => known.id === id)?.state ?? '');
    expect(order).toEqual(['drained', 'retiring']);
  });
});

describe('authorities', () => {
  it('are not opened with settings that make no sense', async () => {
    const ledger = new MemoryLedger();
    const options = { reader: ledger, ledger, keys: new MemoryKeys(), clock: manualClock(), log };
    await expect(
      Authorities.open({ ...options, trustDomain, settings: { issuerTtlSeconds: 1 } }),
    ).rejects.toMatchObject({ reason: 'authority.settings' });
    expect(ledger.leaves).toEqual([]);
  });
});

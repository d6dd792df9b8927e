import { createPrivateKey } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { serverId, startServerIdentity } from '../../src/ca/server-identity.ts';
import { parseCertificate } from '../../src/pki/certificate.ts';
import { verifyChain } from '../../src/pki/chain.ts';
import { spkiOf } from '../../src/pki/key.ts';
import { SignetError } from '../../src/runtime/errors.ts';
import { silentLogger as log } from '../../src/runtime/log.ts';
import { manualClock } from '../support/manual-clock.ts';
import { testIssuance, trustDomain } from '../support/test-issuance.ts';

// long on a busy machine
vi.setConfig({ testTimeout: 30_000 });

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const hourMs = 3_600_000;

async function start(ttlSeconds?: number) {
  const clock = manualClock();
  const opened = await testIssuance({ clock });
  closing.push(opened.close);
  const identity = await startServerIdentity({
    issuance: opened.service,
    clock,
    log,
    trustDomain,
    dnsNames: ['signet.example'],
    ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
  });
  closing.push(() => identity.stop());

  /** Lets time pass, minute by minute, and everything that comes of it. */
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 60_000) {
      clock.advance(Math.min(left, 60_000));
      for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
    }
  };
  /** Waits, without time passing, until the SVID is another one. */
  const renewed = async (serial: string): Promise<string> => {
    for (let turn = 0; turn < 5000 && identity.svids.value.serial === serial; turn += 1) {
      await new Promise(setImmediate);
    }
    return identity.svids.value.serial;
  };
  return { ...opened, clock, identity, pass, renewed };
}

describe("the server's own SVID", () => {
  it('is there at once, verifies, and has the key', async () => {
    const { identity, authorities, clock } = await start();
    const { chain, privateKey, spiffeId, serial } = identity.svids.value;
    const { leaf, ...verified } = verifyChain({
      chain,
      roots: authorities.bundle().authorities,
      at: clock.unixMs() / 1000,
      usage: 'server',
    });
    expect(verified).toBeDefined();
    expect(leaf).toMatchObject({ serial, uris: [spiffeId], dnsNames: ['signet.example'] });
    expect(spiffeId).toBe('spiffe://prod.example/spire/server');
    expect(spiffeId).toBe(serverId(trustDomain));
    const key = createPrivateKey({ key: Buffer.from(privateKey), type: 'pkcs8', format: 'der' });
    expect(spkiOf(key)).toEqual(leaf.spki);
  });

  it('has its leaf in the log like any other', async () => {
    const { identity, ledger } = await start();
    expect(ledger.of('x509.issued')).toMatchObject([
      { serial: identity.svids.value.serial, profile: 'server', actor: 'system:signet' },
    ]);
  });

  it('is renewed about half way through its life, with another key', async () => {
    const { identity, pass, renewed } = await start();
    const first = identity.svids.value;
    await pass(0.44 * hourMs);
    expect(identity.svids.value).toBe(first);
    await pass(0.12 * hourMs);
    expect(await renewed(first.serial)).not.toBe(first.serial);
    const spkis = [first, identity.svids.value].map(
      ({ chain: [leaf = Buffer.of()] }) => parseCertificate(leaf).spki,
    );
    expect(spkis[0]).not.toEqual(spkis[1]);
  });

  it('lives as long as it was told to', async () => {
    const { identity, clock } = await start(600);
    expect(identity.svids.value.notAfter).toBe(clock.unixMs() / 1000 + 600);
  });

  it('stays while it cannot be renewed, and is renewed as soon as it can', async () => {
    const { identity, ledger, clock, pass, renewed } = await start();
    const first = identity.svids.value;
    const failed: string[] = [];
    ledger.beforeWrite = async (kind) => {
      failed.push(kind);
      throw new SignetError('store.unavailable');
    };
    for (let turn = 0; turn < 2000 && failed.length === 0; turn += 1) await pass(60_000);
    expect(failed).not.toEqual([]);
    expect(identity.svids.value).toBe(first);
    ledger.beforeWrite = async () => undefined;
    for (let turn = 0; turn < 5000 && identity.svids.value === first; turn += 1) {
      clock.advance(1000);
      await new Promise(setImmediate);
    }
    expect(await renewed(first.serial)).not.toBe(first.serial);
  });

  it('is renewed when it is told to, as after its issuer was tainted', async () => {
    const { identity, authorities, renewed } = await start();
    const first = identity.svids.value;
    const { id } = authorities.activeIssuer().authority;
    await authorities.makeIssuer('active');
    await authorities.transition(id, 'tainted');
    identity.renew();
    expect(await renewed(first.serial)).not.toBe(first.serial);
    const [, issuer = Buffer.of()] = identity.svids.value.chain;
    expect(parseCertificate(issuer).subjectKeyId).toBe(authorities.activeIssuer().authority.id);
  });

  it('is renewed at once when the wall clock leapt past its half', async () => {
    const { identity, clock, renewed } = await start();
    const first = identity.svids.value;
    clock.step(hourMs);
    clock.advance(60_000);
    expect(await renewed(first.serial)).not.toBe(first.serial);
  });

  it('is asked for in vain where there is no issuer', async () => {
    const opened = await testIssuance();
    closing.push(opened.close);
    const { authorities, service: issuance, clock } = opened;
    await authorities.transition(authorities.activeIssuer().authority.id, 'tainted');
    await expect(startServerIdentity({ issuance, clock, log, trustDomain })).rejects.toMatchObject({
      reason: 'authority.no_issuer',
    });
  });
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MemoryKeys } from '../../src/ca/memory-keys.ts';
import type { Issued } from '../../src/ca/issuance.ts';
import { parseSpiffeId } from '../../src/spiffe/spiffe-id.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import type { Store } from '../../src/store/store.ts';
import { manualClock } from '../support/manual-clock.ts';
import { issuanceOn, issuedOf, origin, refusalOf, testOrder } from '../support/test-issuance.ts';

// long on a busy machine
vi.setConfig({ testTimeout: 30_000 });

const agent = parseSpiffeId('spiffe://prod.example/spire/agent/a');
const clock = manualClock();

let folder: string;
let store: Store;
let ca: Awaited<ReturnType<typeof issuanceOn>>;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signet-issuance-'));
  const keys = new MemoryKeys();
  const { privateKey: logKey } = await keys.create('log', 'Ed25519');
  const file = join(folder, 'signet.db');
  store = await openSqliteStore({ file, origin: 'ca.example/log', logKey, clock });
  ca = await issuanceOn(store, { keys, clock });
});
afterEach(async () => {
  await ca.threads.close();
  await store.close();
  await rm(folder, { recursive: true });
});

/** Events of a kind as the log has them, the newest first. */
async function logged(kind: string): Promise<Record<string, unknown>[]> {
  const page = await store.log.entries({ kind }, { size: 1000 });
  return page.map(({ data }) => JSON.parse(data.split('\n')[1] ?? '') as Record<string, unknown>);
}

const attested = ({ serial, notAfter }: Issued) => ({
  id: agent,
  attestationType: 'join_token',
  selectors: [],
  canReattest: false,
  serial,
  expiresAt: notAfter,
});
const agentOrder = () => testOrder({ spiffeId: agent, profile: 'agent', node: agent });

describe('issuance on a real store', () => {
  it('has for each certificate one leaf, with the hash of what was released', async () => {
    const orders = Array.from({ length: 130 }, () => testOrder());
    const issued = (await ca.service.issue(orders, origin)).map(issuedOf);
    const hashes = issued.map(({ chain: [leaf = Buffer.of()] }) =>
      createHash('sha256').update(leaf).digest('base64url'),
    );
    const leaves = (await logged('x509.issued')).map(({ cert }) => String(cert));
    expect(leaves.toSorted()).toEqual(hashes.toSorted());
  });

  it('records an agent in the same unit as its certificate', async () => {
    const { issued, committed } = await ca.service.issueWith(
      agentOrder(),
      'agent.attest',
      attested,
      origin,
    );
    expect(committed).toMatchObject({ count: 2, result: { id: agent } });
    expect(await store.registry.agent(agent)).toMatchObject({
      standing: { state: 'active', serial: issued.serial },
    });
    expect(await logged('x509.issued')).toMatchObject([{ serial: issued.serial, node: agent }]);
  });

  it('releases and logs nothing for an agent whose attestation is refused', async () => {
    await ca.service.issueWith(agentOrder(), 'agent.attest', attested, origin);
    const again = ca.service.issueWith(agentOrder(), 'agent.attest', attested, origin);
    await expect(again).rejects.toMatchObject({ reason: 'agent.attested' });
    expect(await logged('x509.issued')).toHaveLength(1);
  });

  it('logs what was refused', async () => {
    const order = testOrder({ uris: [], node: agent, entry: 'e1:0' });
    expect(refusalOf((await ca.service.issue([order], origin))[0])).toBe('issuance.uri');
    expect(await logged('x509.rejected')).toMatchObject([
      { reason: 'issuance.uri', spiffe_id: order.spiffeId, node: agent, target: 'e1:0' },
    ]);
  });

  it('signs anew when the store knows the serial already', async () => {
    const append = store.ledger.append.bind(store.ledger);
    let isFirst = true;
    const taken: string[] = [];
    store.ledger.append = async (leaves) => {
      const data = Buffer.from(leaves.bytes);
      taken.push(/"serial":"(\w+)"/.exec(data.toString('latin1'))?.[1] ?? '');
      // somebody else was there before with the very same
      if (isFirst) await append({ ...leaves, bytes: Uint8Array.from(data) });
      isFirst = false;
      return append(leaves);
    };
    const [outcome] = await ca.service.issue([testOrder()], origin);
    expect(issuedOf(outcome).serial).toBe(taken[1]);
    expect(taken).toHaveLength(2);
    expect(taken[0]).not.toBe(taken[1]);
  });

  it('signs nothing with an issuer after the log says that it stopped', async () => {
    const { authorities, service } = ca;
    const first = authorities.activeIssuer().authority.id;
    const orders = Array.from({ length: 20 }, () => testOrder());
    const isStopped = () =>
      authorities.list().some(({ id, state }) => id === first && state === 'retiring');
    const load = async (): Promise<void> => {
      while (!isStopped()) (await service.issue(orders, origin)).map(issuedOf);
    };
    const loading = Promise.all([load(), load(), load(), load()]);
    const next = await authorities.makeIssuer('prepared');
    await authorities.transition(next.id, 'active');
    await authorities.transition(first, 'retiring');
    await loading;
    (await service.issue(orders, origin)).map(issuedOf);
    const events = (await store.log.entries({}, { size: 1000 })).map(
      ({ data }) => JSON.parse(data.split('\n')[1] ?? '') as Record<string, unknown>,
    );
    const stop = events.findIndex(({ t, target }) => t === 'authority.retire' && target === first);
    const isOfFirst = ({ t, ca: by }: Record<string, unknown>) =>
      t === 'x509.issued' && by === first;
    // the newest come first
    expect(events.slice(stop).filter(isOfFirst).length).toBeGreaterThan(0);
    expect(stop).toBeGreaterThan(0);
    expect(events.slice(0, stop).filter(isOfFirst)).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { verifyLog } from '../../src/audit/verify.ts';
import { parseNoteKey } from '../../src/audit/note-key.ts';
import { decodeLeaf } from '../../src/audit/columns.ts';
import { openLogSource } from '../../src/store/sqlite/log-source.ts';
import { requireEnvoy } from '../support/envoy.ts';
import { Domain, idOf } from './domain.ts';
import { serialsOf } from './sds-mesh.ts';
import { startTraffic } from './sds-traffic.ts';

/** How many requests have to succeed while something is away. */
const whileAway = Number(process.env['SIGNET_OUTAGE_REQUESTS'] ?? 300);

async function pairOf(domain: Domain, variant: 'DELTA_GRPC' | 'GRPC') {
  const entries = { web: await domain.register('web'), db: await domain.register('db') };
  const db = await domain.sidecar('db', { variant, inbound: { clients: [idOf('web')] } });
  await db.ready();
  const outbound = { port: db.port('inbound'), peer: idOf('db'), handshakePerRequest: true };
  const web = await domain.sidecar('web', { variant, outbound });
  await web.ready();
  return { web, db, entries };
}

function findingsOf(database: string): unknown[] {
  using source = openLogSource(database);
  for (const { data } of source.entries()) {
    const { key } = decodeLeaf(data ?? Buffer.alloc(0));
    return [...verifyLog(source, parseNoteKey(String(key)))];
  }
  return ['empty'];
}

describe.skipIf(!requireEnvoy()).each([{ variant: 'GRPC' }, { variant: 'DELTA_GRPC' }] as const)(
  'two real Envoys with identities from a real server and agent, $variant',
  ({ variant }) => {
    it('speak mTLS, and a third identity is refused', async () => {
      await using domain = await Domain.create();
      const { web, db } = await pairOf(domain, variant);
      const traffic = startTraffic(web.port('outbound'));
      await traffic.answered(20);
      await traffic.stop();
      expect([...traffic.counts.keys()]).toEqual([200]);

      await domain.register('other');
      const outbound = { port: db.port('inbound'), peer: idOf('db') };
      const other = await domain.sidecar('other', { variant, outbound });
      await other.ready();
      const refused = startTraffic(other.port('outbound'));
      await refused.answered(3);
      await refused.stop();
      expect([...refused.counts.keys()]).toEqual([503]);
      const stats = await db.stats('ssl\\.fail_verify_san$');
      expect(Math.max(...stats.values())).toBeGreaterThanOrEqual(1);
      expect(findingsOf(domain.database)).toEqual([]);
    });

    it('have their certificates replaced under requests, without one failure', async () => {
      await using domain = await Domain.create();
      const { web, db, entries } = await pairOf(domain, variant);
      const traffic = startTraffic(web.port('outbound'));
      for (let round = 0; round < 3; round += 1) {
        const before = [await serialsOf(web), await serialsOf(db)].map(String);
        await domain.renew(entries.web);
        await domain.renew(entries.db);
        await web.until(async () => String(await serialsOf(web)) !== before[0]);
        await db.until(async () => String(await serialsOf(db)) !== before[1]);
        await traffic.answered(50);
      }
      await traffic.stop();
      expect([...traffic.counts.keys()]).toEqual([200]);
      for (const envoy of [web, db]) {
        const rejected = await envoy.stats('sds\\..*update_rejected$');
        expect(rejected.size).toBeGreaterThan(0);
        expect(Math.max(...rejected.values())).toBe(0);
      }
    });

    it('lose no request while the server, then the agent, is away', async () => {
      await using domain = await Domain.create();
      const { web, db, entries } = await pairOf(domain, variant);
      const traffic = startTraffic(web.port('outbound'));
      await traffic.answered(20);

      await domain.stopServer();
      await traffic.answered(whileAway);
      await domain.startServer();
      const serial = String(await serialsOf(db));
      await domain.renew(entries.db);
      await db.until(async () => String(await serialsOf(db)) !== serial);

      await domain.stopAgent();
      await traffic.answered(whileAway);
      await domain.startAgent();
      const kept = String(await serialsOf(web));
      await web.until(async () => String(await serialsOf(web)) !== kept);
      await traffic.answered(20);
      await traffic.stop();
      expect([...traffic.counts.keys()]).toEqual([200]);
      expect(findingsOf(domain.database)).toEqual([]);
    });
  },
);

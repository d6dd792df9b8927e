// Writes to a store until it is killed, and says on standard output which serials were acknowledged.
import { createPrivateKey } from 'node:crypto';
import { writeSync } from 'node:fs';
import { encodeEvent } from '../../../src/audit/event.ts';
import { packLeaves } from '../../../src/audit/packed-leaves.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';

const [file = '', pem = '', origin = '', ca = '', first = ''] = process.argv.slice(2);
const store = await openSqliteStore({
  file,
  origin,
  logKey: createPrivateKey(pem),
  clock: systemClock,
});

const leaf = (serial: string) =>
  encodeEvent({
    t: 'x509.issued',
    ts: 1,
    actor: 'system:test',
    ca,
    serial,
    spiffe_id: 'spiffe://prod.example/web',
    nb: 1,
    na: 2,
    spki: 'a',
    cert: 'b',
    profile: 'workload',
  });

/** Writes units of 7 leaves, one after the other. */
async function write(prefix: number): Promise<never> {
  for (let n = 0; ; n += 1) {
    const serials = Array.from({ length: 7 }, (_, at) =>
      `${prefix}${n * 7 + at}`.padStart(12, '0'),
    );
    await store.ledger.append(packLeaves(serials.map(leaf)));
    writeSync(1, `${serials.join('\n')}\n`);
  }
}

await Promise.all([1, 2, 3].map((writer) => write(Number(`${first}${writer}00`))));

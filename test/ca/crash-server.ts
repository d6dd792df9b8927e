// A server with nothing but its CA, for crash.test.ts to kill: issues one batch after another and tells
// its parent of each certificate that was released, a line of JSON at a time. Told to `prepare`, it makes
// the next issuer instead.
import { join } from 'node:path';
import process from 'node:process';
import { DiskKeys } from '../../src/ca/disk-keys.ts';
import { systemClock as clock } from '../../src/runtime/clock.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { issuanceOn, issuedOf, origin, testOrder } from '../support/test-issuance.ts';

const [folder = '', rounds = '0'] = process.argv.slice(2);
const keys = await DiskKeys.open(join(folder, 'keys'));
const logKey = (await keys.get('log')) ?? (await keys.create('log', 'Ed25519'));
const store = await openSqliteStore({
  file: join(folder, 'signet.db'),
  origin: 'ca.example/prod.example/issuance/1',
  logKey: logKey.privateKey,
  clock,
});
const { authorities, service, threads } = await issuanceOn(store, { keys, clock });
const tell = (fact: object) => process.stdout.write(`${JSON.stringify(fact)}\n`);

tell({ authorities: authorities.list().map(({ id, role, state }) => ({ id, role, state })) });
if (rounds === 'prepare') await authorities.makeIssuer('prepared');
for (let round = 0; round < Number(rounds); round += 1) {
  const outcomes = await service.issue([testOrder(), testOrder(), testOrder()], origin);
  for (const { serial } of outcomes.map(issuedOf)) tell({ serial });
}
tell({ drafts: await keys.drafts() });
await threads.close();
await store.close();

// A log of 700 entries in a closed file: two full tiles and an open one, with authorities and a
// checkpoint every 100 entries.
import { copyFileSync } from 'node:fs';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { logPrivateKey } from '../../vectors/audit.ts';
import { authority } from '../authority-fixture.ts';
import { admin, databaseFile, issued, logOrigin, serialsFrom } from '../builders.ts';

export const openFixture = (file: string) =>
  openSqliteStore({ file, origin: logOrigin, logKey: logPrivateKey, clock: manualClock() });

/** Writes the log that tests get a copy of each. */
export async function writeLog(file: string): Promise<void> {
  const store = await openFixture(file);
  // Four entries with log.init.
  await store.ledger.commit('authority.create', authority(), admin);
  for (let at = 0; at < 6; at += 1) {
    await store.ledger.append(issued(...serialsFrom(at * 100, 100)));
  }
  await store.ledger.append(issued(...serialsFrom(600, 96)));
  await store.close();
}

/** A copy that goes when the test ends. */
export function copyOf(original: string): string {
  const file = databaseFile();
  copyFileSync(original, file);
  return file;
}

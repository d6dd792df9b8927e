// A registry on a real store, for tests.
import { generateKeyPairSync } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { Registry } from '../../src/registry/registry.ts';
import { silentLogger } from '../../src/runtime/log.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import type { Store } from '../../src/store/store.ts';
import { databaseFile } from '../store/builders.ts';
import { type ManualClock, manualClock } from '../support/manual-clock.ts';
import { trustDomain } from '../support/test-issuance.ts';

export interface OpenedRegistry {
  readonly registry: Registry;
  readonly store: Store;
  readonly clock: ManualClock;
  /** The registry as it would be after a restart. */
  reopen(): Promise<Registry>;
  /** Events as the log has them, the newest first. */
  logged(): Promise<Record<string, unknown>[]>;
}

/** A new, empty one that is closed when the test ends. */
export async function openRegistry(): Promise<OpenedRegistry> {
  const clock = manualClock();
  const { privateKey: logKey } = generateKeyPairSync('ed25519');
  const file = databaseFile();
  const store = await openSqliteStore({ file, origin: 'ca.example/log', logKey, clock });
  onTestFinished(() => store.close());
  const { ledger, registry: reader } = store;
  const reopen = () => Registry.open({ reader, ledger, clock, trustDomain, log: silentLogger });
  return {
    registry: await reopen(),
    store,
    clock,
    reopen,
    async logged() {
      const page = await store.log.entries({}, { size: 1000 });
      return page.map(({ data }) => JSON.parse(data.split('\n')[1] ?? '') as never);
    },
  };
}

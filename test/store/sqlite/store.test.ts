import { onTestFinished } from 'vitest';
import { openSqliteStore, type SqliteStoreOptions } from '../../../src/store/sqlite/open.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { logPrivateKey } from '../../vectors/audit.ts';
import { databaseFile, logOrigin } from '../builders.ts';
import { storeSuite } from '../store-suite.ts';

storeSuite(async (clock = manualClock()) => {
  const options: SqliteStoreOptions = {
    file: databaseFile(),
    origin: logOrigin,
    logKey: logPrivateKey,
    clock,
  };
  const store = await openSqliteStore(options);
  onTestFinished(() => store.close());
  return store;
});

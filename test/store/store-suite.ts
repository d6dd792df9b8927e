// What every implementation of the store must do. Each part takes a function that opens a new one.
import type { ManualClock } from '../support/manual-clock.ts';
import type { Store } from '../../src/store/store.ts';
import { agentSuite } from './suites/agents.ts';
import { authoritySuite } from './suites/authorities.ts';
import { entrySuite } from './suites/entries.ts';
import { ledgerSuite } from './suites/ledger.ts';
import { logSuite } from './suites/log.ts';
import { modelSuite } from './suites/model.ts';

/** A new, empty store that is closed when the test ends. */
export type OpenStore = (clock?: ManualClock) => Promise<Store>;

export function storeSuite(open: OpenStore): void {
  entrySuite(open);
  agentSuite(open);
  authoritySuite(open);
  ledgerSuite(open);
  logSuite(open);
  modelSuite(open);
}

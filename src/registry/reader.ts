// What can be read about entries, agents and tokens. The store implements it; nothing here waits for
// the writer.
import type { Selector } from '../spiffe/selector.ts';
import type { SpiffeId } from '../spiffe/spiffe-id.ts';
import type { Agent, JoinToken } from './agent.ts';
import type { Entry } from './entry.ts';

/** One page of a list. `after` is the key of the last item of the page before. */
export interface Page {
  /** At most 1,000. */
  readonly size: number;
  readonly after?: string;
}

/** How two sets of selectors have to relate (spire.api.types.SelectorMatch). */
export type MatchBehavior = 'exact' | 'subset' | 'superset' | 'any';

export interface EntryFilter {
  readonly spiffeId?: SpiffeId;
  readonly parentId?: SpiffeId;
  readonly selectors?: { readonly match: MatchBehavior; readonly selectors: readonly Selector[] };
  readonly hint?: string;
  readonly downstream?: boolean;
}

export interface AgentFilter {
  readonly attestationType?: string;
  readonly banned?: boolean;
  readonly canReattest?: boolean;
  /** Unix seconds. */
  readonly expiresBefore?: number;
  readonly selectors?: { readonly match: MatchBehavior; readonly selectors: readonly Selector[] };
}

export interface RegistryReader {
  /** Sorted by id. */
  entries(filter: EntryFilter, page: Page): Promise<readonly Entry[]>;
  entry(id: string): Promise<Entry | undefined>;
  countEntries(filter: EntryFilter): Promise<number>;
  /** Sorted by SPIFFE ID. */
  agents(filter: AgentFilter, page: Page): Promise<readonly Agent[]>;
  agent(id: SpiffeId): Promise<Agent | undefined>;
  countAgents(filter: AgentFilter): Promise<number>;
  joinToken(hash: string): Promise<JoinToken | undefined>;
}

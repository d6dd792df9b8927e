// Reads entries, agents and join tokens.
import type { Agent } from '../../registry/agent.ts';
import type { Entry } from '../../registry/entry.ts';
import type { AgentFilter, EntryFilter, RegistryReader } from '../../registry/reader.ts';
import {
  type AgentRow,
  agentOf,
  entryOf,
  type EntryRow,
  type JoinTokenRow,
  joinTokenOf,
} from '../rows.ts';
import type { Count, Sql } from '../sql.ts';
import { checkPage } from './page.ts';
import { selectorsOf, whereSelectors } from './selectors.ts';

export function registryReader(sql: Sql): RegistryReader {
  return {
    async entries(filter, page) {
      checkPage(page.size);
      const query = entriesWhere(sql, filter).orderBy('id').limit(page.size);
      if (page.after !== undefined) query.where('id', '>', page.after);
      return withSelectors(sql, await query);
    },
    async entry(id) {
      return (await withSelectors(sql, await sql<EntryRow>('entry').where({ id }))).at(0);
    },
    async countEntries(filter) {
      return countOf(await entriesWhere(sql, filter).count<Count[]>({ n: '*' }));
    },

    async agents(filter, page) {
      checkPage(page.size);
      const query = agentsWhere(sql, filter).orderBy('id').limit(page.size);
      if (page.after !== undefined) query.where('id', '>', page.after);
      return agentsOf(sql, await query);
    },
    async agent(id) {
      return (await agentsOf(sql, await sql<AgentRow>('agent').where({ id }))).at(0);
    },
    async countAgents(filter) {
      return countOf(await agentsWhere(sql, filter).count<Count[]>({ n: '*' }));
    },

    async joinToken(hash) {
      const row = await sql<JoinTokenRow>('join_token').where({ hash }).first();
      return row === undefined ? undefined : joinTokenOf(row);
    },
  };
}

function entriesWhere(sql: Sql, filter: EntryFilter) {
  const query = sql<EntryRow>('entry');
  if (filter.spiffeId !== undefined) query.where('spiffe_id', filter.spiffeId);
  if (filter.parentId !== undefined) query.where('parent_id', filter.parentId);
  if (filter.hint !== undefined) query.where('hint', filter.hint);
  if (filter.downstream !== undefined) query.where('downstream', filter.downstream);
  if (filter.selectors !== undefined) {
    whereSelectors(sql, query, 'entry_selector', filter.selectors);
  }
  return query;
}

function agentsWhere(sql: Sql, filter: AgentFilter) {
  const query = sql<AgentRow>('agent');
  if (filter.attestationType !== undefined) {
    query.where('attestation_type', filter.attestationType);
  }
  if (filter.banned !== undefined) query.where('banned', filter.banned);
  if (filter.canReattest !== undefined) query.where('can_reattest', filter.canReattest);
  if (filter.expiresBefore !== undefined) query.where('expires_at', '<', filter.expiresBefore);
  if (filter.selectors !== undefined) {
    whereSelectors(sql, query, 'agent_selector', filter.selectors);
  }
  return query;
}

async function withSelectors(sql: Sql, rows: readonly EntryRow[]): Promise<Entry[]> {
  const selectors = await selectorsOf(
    sql,
    'entry_selector',
    rows.map(({ id }) => id),
  );
  return rows.map((row) => entryOf(row, selectors.get(row.id) ?? []));
}

async function agentsOf(sql: Sql, rows: readonly AgentRow[]): Promise<Agent[]> {
  const selectors = await selectorsOf(
    sql,
    'agent_selector',
    rows.map(({ id }) => id),
  );
  return rows.map((row) => agentOf(row, selectors.get(row.id) ?? []));
}

function countOf(rows: readonly Count[]): number {
  return Number(rows.at(0)?.n ?? 0);
}

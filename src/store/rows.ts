// Rows of the registry's tables, and what they mean. Values are parsed again on the way out: a row is
// outside until then.
import type { Agent, JoinToken } from '../registry/agent.ts';
import type { Entry } from '../registry/entry.ts';
import { parseSelector, type Selector } from '../spiffe/selector.ts';
import { parseSpiffeId } from '../spiffe/spiffe-id.ts';
import { parseTrustDomain } from '../spiffe/trust-domain.ts';

export interface EntryRow {
  readonly id: string;
  readonly spiffe_id: string;
  readonly parent_id: string;
  readonly selectors_hash: string;
  readonly settings: string;
  readonly hint: string;
  readonly downstream: boolean | number;
  readonly revision: number | string;
  readonly created_at: number | string;
  readonly made_by: string | null;
}

/** What of an entry is stored as JSON, since nothing is searched by it. */
export interface EntrySettings {
  readonly x509SvidTtlSeconds: number;
  readonly jwtSvidTtlSeconds: number;
  readonly federatesWith: readonly string[];
  readonly dnsNames: readonly string[];
  readonly admin: boolean;
  readonly storeSvid: boolean;
  readonly expiresAt: number;
}

export interface AgentRow {
  readonly id: string;
  readonly attestation_type: string;
  readonly banned: boolean | number;
  readonly serial: string;
  readonly pending_serial: string | null;
  readonly expires_at: number | string;
  readonly can_reattest: boolean | number;
  readonly version: string;
  readonly attested_at: number | string;
}

/** Of `entry_selector` and `agent_selector`. */
export interface SelectorRow {
  readonly owner: string;
  readonly selector: string;
}

export interface JoinTokenRow {
  readonly hash: string;
  readonly expires_at: number | string;
  readonly agent_id: string | null;
}

export function entryOf(row: EntryRow, selectors: readonly string[]): Entry {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by changes/entry-rows.ts alone
  const settings = JSON.parse(row.settings) as EntrySettings;
  return {
    ...settings,
    federatesWith: settings.federatesWith.map(parseTrustDomain),
    id: row.id,
    spiffeId: parseSpiffeId(row.spiffe_id),
    parentId: parseSpiffeId(row.parent_id),
    selectors: sorted(selectors),
    hint: row.hint,
    downstream: Boolean(row.downstream),
    revision: Number(row.revision),
    createdAt: Number(row.created_at),
  };
}

export function agentOf(row: AgentRow, selectors: readonly string[]): Agent {
  const pending = row.pending_serial === null ? {} : { pendingSerial: row.pending_serial };
  return {
    id: parseSpiffeId(row.id),
    attestationType: row.attestation_type,
    standing: row.banned
      ? { state: 'banned' }
      : { state: 'active', serial: row.serial, ...pending },
    expiresAt: Number(row.expires_at),
    selectors: sorted(selectors),
    canReattest: Boolean(row.can_reattest),
    version: row.version,
    attestedAt: Number(row.attested_at),
  };
}

export function joinTokenOf(row: JoinTokenRow): JoinToken {
  const agentId = row.agent_id === null ? {} : { agentId: parseSpiffeId(row.agent_id) };
  return { hash: row.hash, expiresAt: Number(row.expires_at), ...agentId };
}

/** Databases sort text in ways of their own. */
function sorted(selectors: readonly string[]): Selector[] {
  return selectors.map(parseSelector).toSorted((a, b) => (a < b ? -1 : 1));
}

// Changes of node agents.
import { SignetError } from '../../runtime/errors.ts';
import type { Agent, JoinToken } from '../../registry/agent.ts';
import type { RegistryChanges } from '../../registry/changes.ts';
import { type AgentRow, agentOf, type EntryRow, type SelectorRow } from '../rows.ts';
import type { Sql } from '../sql.ts';
import { createAlias } from './alias-entry.ts';
import { type Appliers, type Consequence, leafOf, leafWithin } from './change.ts';
import { deletedLeaf, deleteEntry, readEntry } from './entry-rows.ts';
import { spendJoinToken } from './join-token.ts';

type AgentChange = 'attest' | 'renew' | 'activate' | 'ban' | 'delete';

export const agentChanges: Appliers<Pick<RegistryChanges, `agent.${AgentChange}`>> = {
  async 'agent.attest'(sql, input, context) {
    const { id, joinTokenHash: hash, serial, expiresAt, selectors } = input;
    const leaves: Uint8Array[] = [];
    let token: JoinToken | undefined;
    if (hash !== undefined) {
      const spent = await spendJoinToken(sql, hash, context.nowMs);
      const { refused } = spent;
      const t = refused === undefined ? 'join_token.used' : 'join_token.expired';
      leaves.push(leafOf({ t, target: hash, node: id }, context));
      if (refused !== undefined) return { refused, leaves };
      token = spent.token;
    }
    const before = await sql<AgentRow>('agent').where({ id }).first();
    if (before?.banned) throw new SignetError('agent.banned');
    if (before !== undefined && !before.can_reattest) throw new SignetError('agent.attested');
    await forget(sql, id);
    await sql<AgentRow>('agent').insert({
      id,
      attestation_type: input.attestationType,
      banned: false,
      serial,
      pending_serial: null,
      expires_at: expiresAt,
      can_reattest: input.canReattest,
      version: '',
      attested_at: context.nowMs,
    });
    for (const selector of new Set(selectors)) {
      await sql<SelectorRow>('agent_selector').insert({ owner: id, selector });
    }
    const common = {
      t: 'node.attested',
      node: id,
      attestor: input.attestationType,
      serial,
      na: expiresAt,
      can_reattest: input.canReattest,
    } as const;
    const bulky = { selectors: [...selectors] };
    const shorten = (selectors_c: string) => ({ ...common, selectors_c });
    leaves.push(leafWithin({ ...common, ...bulky }, bulky, shorten, context));
    const alias =
      token?.agentId === undefined ? undefined : await createAlias(sql, id, token.agentId, context);
    return {
      result: await readAgent(sql, id),
      leaves: alias === undefined ? leaves : [...leaves, alias.leaf],
      consequences: alias === undefined ? [] : [alias.consequence],
    };
  },

  async 'agent.renew'(sql, { id, serial, expiresAt }, context) {
    await readActive(sql, id);
    const change = { pending_serial: serial, expires_at: expiresAt };
    await sql<AgentRow>('agent').where({ id }).update(change);
    const event = { t: 'node.renewed', node: id, serial, na: expiresAt } as const;
    return { result: await readAgent(sql, id), leaves: [leafOf(event, context)] };
  },

  async 'agent.activate'(sql, { id, serial }, context) {
    const { standing } = await readActive(sql, id);
    const isCurrent = standing.serial === serial;
    // Two requests with a new SVID may come at once: the second changes nothing.
    if (isCurrent) return { result: await readAgent(sql, id), leaves: [] };
    if (standing.pendingSerial !== serial) throw new SignetError('agent.not_found');
    await sql<AgentRow>('agent').where({ id }).update({ serial, pending_serial: null });
    const leaf = leafOf({ t: 'node.activated', node: id, serial }, context);
    return { result: await readAgent(sql, id), leaves: [leaf] };
  },

  async 'agent.ban'(sql, { id }, context) {
    await readAgent(sql, id);
    await sql<AgentRow>('agent').where({ id }).update({ banned: true, pending_serial: null });
    const leaf = leafOf({ t: 'node.banned', node: id }, context);
    return { result: await readAgent(sql, id), leaves: [leaf] };
  },

  async 'agent.delete'(sql, { id }, context) {
    const result = await readAgent(sql, id);
    const leaves = [leafOf({ t: 'node.evicted', node: id }, context)];
    const consequences: Consequence[] = [];
    for (const made of await sql<EntryRow>('entry').where({ made_by: id })) {
      const entry = await readEntry(sql, made.id);
      await deleteEntry(sql, entry.id);
      leaves.push(deletedLeaf(entry, context));
      consequences.push({ kind: 'entry.delete', input: { id: entry.id }, result: entry });
    }
    await forget(sql, id);
    return { result, leaves, consequences };
  },
};

/** @throws SignetError `agent.not_found` */
async function readAgent(sql: Sql, id: string): Promise<Agent> {
  const row = await sql<AgentRow>('agent').where({ id }).first();
  if (row === undefined) throw new SignetError('agent.not_found');
  const selectors = await sql<SelectorRow>('agent_selector').where({ owner: id });
  return agentOf(
    row,
    selectors.map(({ selector }) => selector),
  );
}

/** @throws SignetError `agent.not_found`, `agent.banned` */
async function readActive(sql: Sql, id: string) {
  const { standing } = await readAgent(sql, id);
  if (standing.state === 'banned') throw new SignetError('agent.banned');
  return { standing };
}

async function forget(sql: Sql, id: string): Promise<void> {
  await sql<SelectorRow>('agent_selector').where({ owner: id }).delete();
  await sql<AgentRow>('agent').where({ id }).delete();
}

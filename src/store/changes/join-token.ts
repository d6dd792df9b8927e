// Changes of join tokens. A token is spent by deleting it and looking at the number of rows, so that of
// any number of agents that use it at once only one succeeds.
import { SignetError } from '../../runtime/errors.ts';
import type { JoinToken } from '../../registry/agent.ts';
import type { RegistryChanges } from '../../registry/changes.ts';
import { type JoinTokenRow, joinTokenOf } from '../rows.ts';
import type { Sql } from '../sql.ts';
import { type Appliers, leafOf } from './change.ts';

export const joinTokenChanges: Appliers<Pick<RegistryChanges, 'join_token.create'>> = {
  async 'join_token.create'(sql, token, context) {
    const { hash, expiresAt, agentId } = token;
    const taken = await sql<JoinTokenRow>('join_token').where({ hash }).first();
    if (taken !== undefined) throw new SignetError('join_token.exists');
    const row = { hash, expires_at: expiresAt, agent_id: agentId ?? null };
    await sql<JoinTokenRow>('join_token').insert(row);
    const named = agentId === undefined ? {} : { spiffe_id: agentId };
    const event = { t: 'join_token.created', target: hash, na: expiresAt, ...named } as const;
    return { result: token, leaves: [leafOf(event, context)] };
  },
};

/** A spent token, and the reason to refuse it all the same if it has expired. */
export interface SpentToken {
  readonly token: JoinToken;
  readonly refused?: SignetError;
}

/** @throws SignetError `join_token.unknown` */
export async function spendJoinToken(sql: Sql, hash: string, nowMs: number): Promise<SpentToken> {
  const row = await sql<JoinTokenRow>('join_token').where({ hash }).first();
  const deleted = await sql<JoinTokenRow>('join_token').where({ hash }).delete();
  if (row === undefined || deleted !== 1) throw new SignetError('join_token.unknown');
  const token = joinTokenOf(row);
  return token.expiresAt * 1000 <= nowMs
    ? { token, refused: new SignetError('join_token.expired') }
    : { token };
}

// Agents and join tokens as JSON.
import { type Static, Type } from 'typebox';
import type { Agent } from '../../../registry/agent.ts';
import * as field from './fields.ts';

export const agentSchema = field.object({
  id: field.spiffeIdText,
  attestationType: Type.String(),
  state: Type.Enum(['active', 'banned']),
  serial: Type.Optional(field.hex),
  /** Renewed and not used yet. */
  pendingSerial: Type.Optional(field.hex),
  expiresAt: field.time,
  selectors: Type.Array(field.selectorText),
  canReattest: Type.Boolean(),
  version: Type.String(),
  attestedAt: field.time,
});

export type AgentJson = Static<typeof agentSchema>;

export function agentJson(agent: Agent): AgentJson {
  const { standing } = agent;
  const pending = standing.state === 'active' ? standing.pendingSerial : undefined;
  return {
    id: agent.id,
    attestationType: agent.attestationType,
    state: standing.state,
    ...(standing.state === 'active' ? { serial: standing.serial } : {}),
    ...(pending === undefined ? {} : { pendingSerial: pending }),
    expiresAt: field.formatSeconds(agent.expiresAt),
    selectors: [...agent.selectors],
    canReattest: agent.canReattest,
    version: agent.version,
    attestedAt: field.formatMs(agent.attestedAt),
  };
}

export const joinTokenRequestSchema = field.object({
  ttlSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 7 * 86_400, default: 600 })),
  agentId: Type.Optional(field.spiffeIdText),
});

export const joinTokenSchema = field.object({
  token: Type.String({ description: 'shown once: only its hash is kept' }),
  expiresAt: field.time,
  agentId: Type.Optional(field.spiffeIdText),
});

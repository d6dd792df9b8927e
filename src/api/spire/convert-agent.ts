// Agents as SPIRE's tools see them.
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { AgentMask, AgentSchema } from '../../gen/spire/api/types/agent_pb.js';
import type { Agent } from '../../registry/agent.ts';
import { idToProto, selectorToProto } from './convert-id.ts';
import { masked } from './masks.ts';

/**
 * spire.api.types.Agent (spire-api A6, D4): the serial in decimal, that of the SVID in use, empty for a
 * banned agent. The ID is there whatever the mask says.
 *
 * @param mask all fields without one
 */
export function agentToProto(agent: Agent, mask?: AgentMask): MessageInitShape<typeof AgentSchema> {
  const { id, attestationType, standing, expiresAt, selectors, canReattest, version } = agent;
  const isBanned = standing.state === 'banned';
  const fields = {
    attestationType,
    x509svidSerialNumber: isBanned ? '' : BigInt(`0x${standing.serial}`).toString(),
    x509svidExpiresAt: BigInt(expiresAt),
    selectors: selectors.map(selectorToProto),
    banned: isBanned,
    canReattest,
    agentVersion: version,
  };
  return { id: idToProto(id), ...masked(fields, mask) };
}

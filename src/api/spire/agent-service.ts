// spire.api.server.agent.v1.Agent: agents attest, renew and report; tools list, ban and evict them, and
// have join tokens made (spire-api A4, A6, A13).
import { JoinTokenAttestor } from '../../attestation/node/join-token.ts';
import type { Issued } from '../../ca/issuance.ts';
import type { Agent, RenewAgentRequest } from '../../gen/spire/api/server/agent/v1/agent_pb.js';
import type { CreateJoinTokenRequest } from '../../gen/spire/api/server/agent/v1/agent_pb.js';
import type { SPIFFEID } from '../../gen/spire/api/types/spiffeid_pb.js';
import type { CallContext } from '../../rpc/call.ts';
import type { ServiceImplementation } from '../../rpc/service.ts';
import { RpcStatus } from '../../rpc/status.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import { agentFilterOf, agentPageOf } from './agent-filter.ts';
import { AgentAttestation, svidToProto } from './attest-agent.ts';
import { agentOf, callerOf } from './callers.ts';
import { agentToProto } from './convert-agent.ts';
import { idFromProto } from './convert-id.ts';
import { agentDenial, agentFailure, malformed, worded, type Wordings } from './failures.ts';
import { Refusals } from './refusals.ts';
import type { SpireDeps } from './spire-deps.ts';

const wordings: Wordings = {
  'agent.not_found': { text: 'agent not found' },
  'join_token.exists': { code: 'internal', text: 'failed to create token: it exists already' },
};

const longestVersion = 255;

export function agentService(
  deps: SpireDeps,
  refusals: Refusals = new Refusals(deps),
): ServiceImplementation<typeof Agent> {
  const { registry } = deps;
  const { reader } = registry;
  const attestation = new AgentAttestation(deps, refusals, [
    new JoinTokenAttestor({ trustDomain: deps.trustDomain, reader, clock: deps.clock }),
  ]);
  return {
    attestAgent: (requests, context) => attestation.attest(requests, context),
    renewAgent: (request, context) => renewAgent(request, context, deps),
    createJoinToken: (request, context) => inWords(createJoinToken(request, context, deps)),

    async countAgents({ filter }) {
      return { count: await reader.countAgents(agentFilterOf(filter)) };
    },

    async listAgents({ filter, outputMask, pageSize, pageToken }) {
      const page = agentPageOf({ pageSize, pageToken });
      const agents = await reader.agents(agentFilterOf(filter), page);
      const last = agents.length < page.size ? undefined : agents.at(-1);
      return {
        agents: agents.map((agent) => agentToProto(agent, outputMask)),
        nextPageToken: last?.id ?? '',
      };
    },

    async getAgent({ id, outputMask }) {
      const agent = await reader.agent(readId(id));
      if (agent === undefined) throw notFound();
      return agentToProto(agent, outputMask);
    },

    async banAgent({ id }, context) {
      await inWords(registry.banAgent(readId(id), callerOf(context).origin));
      return {};
    },

    async deleteAgent({ id }, context) {
      await inWords(registry.evictAgent(readId(id), callerOf(context).origin));
      return {};
    },

    postStatus({ agentVersion }) {
      if (agentVersion.length > longestVersion) throw malformed('agent version is too long');
      return Promise.resolve({});
    },
  };
}

/** The new SVID is pending until it is used for the first time. */
async function renewAgent({ params }: RenewAgentRequest, context: CallContext, deps: SpireDeps) {
  const { id, canReattest, attestationType } = agentOf(context);
  if (canReattest) {
    throw agentFailure(agentDenial.mustReattest, 'agent must reattest instead of renew');
  }
  if (params === undefined) throw malformed('params cannot be nil');
  if (params.csr.length === 0) throw malformed('missing CSR');
  const order = {
    csr: params.csr,
    spiffeId: id,
    dnsNames: [],
    profile: 'agent',
    ttlSeconds: deps.agentTtlSeconds,
    node: id,
    attestor: attestationType,
  } as const;
  const { origin } = callerOf(context);
  const record = ({ serial, notAfter }: Issued) => ({ id, serial, expiresAt: notAfter });
  const { issued } = await inWords(deps.issuance.issueWith(order, 'agent.renew', record, origin));
  return { svid: svidToProto(issued) };
}

async function createJoinToken(
  { ttl, token, agentId }: CreateJoinTokenRequest,
  context: CallContext,
  { registry }: SpireDeps,
) {
  if (ttl < 1) throw malformed('ttl is required, you must provide one');
  const request = {
    ttlSeconds: ttl,
    ...(token === '' ? {} : { token }),
    ...(agentId === undefined ? {} : { agentId: readId(agentId) }),
  };
  const { result } = await registry.createJoinToken(request, callerOf(context).origin);
  return { value: result.token, expiresAt: BigInt(result.expiresAt) };
}

/** @throws SignetError `request.malformed` */
function readId(message: SPIFFEID | undefined): SpiffeId {
  try {
    return idFromProto(message);
  } catch (cause) {
    throw malformed('invalid agent ID', cause);
  }
}

function notFound(): RpcStatus {
  return new RpcStatus('agent.not_found', { wording: { text: 'agent not found' } });
}

async function inWords<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw worded(error, wordings);
  }
}

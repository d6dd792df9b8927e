// The Agent service on a server of its own, and what tests of it need again and again.
import { agentService } from '../../src/api/spire/agent-service.ts';
import { authorizer } from '../../src/api/spire/authorization.ts';
import type { SpireDeps } from '../../src/api/spire/spire-deps.ts';
import { Refusals } from '../../src/api/spire/refusals.ts';
import { Agent } from '../../src/gen/spire/api/server/agent/v1/agent_pb.js';
import { PermissionDeniedDetailsSchema } from '../../src/gen/spire/api/types/status_pb.js';
import { parseCertificate } from '../../src/pki/certificate.ts';
import { bindService } from '../../src/rpc/service.ts';
import { RpcFailure } from '../../src/rpc/status.ts';
import type { TlsIdentity } from '../../src/rpc/tls-identity.ts';
import { parseSpiffeId } from '../../src/spiffe/spiffe-id.ts';
import { agentRequest, type SpireServer, spireServer } from './spire-server.ts';
import { origin } from './test-issuance.ts';

/** Has the Agent service alone. Dispose of it. */
export const agentServer = (changes: Partial<SpireDeps> = {}) =>
  spireServer((grpc, usual) => {
    const deps = { ...usual, ...changes };
    const refusals = new Refusals(deps);
    const authorize = authorizer(deps, refusals);
    bindService(grpc, Agent, agentService(deps, refusals), { authorize });
  });

/** Of the agent that used this token. */
export const agentId = (token: string) =>
  parseSpiffeId(`spiffe://prod.example/spire/agent/join_token/${token}`);

export const idMessage = (token: string) => ({
  trustDomain: 'prod.example',
  path: `/spire/agent/join_token/${token}`,
});

export const makeToken = ({ registry }: SpireServer, token: string, ttlSeconds = 600) =>
  registry.createJoinToken({ ttlSeconds, token }, origin);

/** What the server answered: reason, text and the number for agents. Undefined if it did not fail. */
export async function failureOf(call: Promise<unknown>) {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof RpcFailure)) throw error;
    const { code, remoteReason: reason, text } = error;
    return { code, reason, text, denied: error.attachment(PermissionDeniedDetailsSchema)?.reason };
  }
  return undefined;
}

export const serialOf = ({ chain: [leaf = Buffer.of()] }: TlsIdentity) =>
  parseCertificate(leaf).serial;

export const postStatus = (server: SpireServer, svid: TlsIdentity) =>
  server.remote(Agent, svid).postStatus({});

/** The identity that follows this one. */
export async function renew(server: SpireServer, svid: TlsIdentity): Promise<TlsIdentity> {
  const { privateKey, csr } = agentRequest();
  const answer = await server.remote(Agent, svid).renewAgent({ params: { csr } });
  return { privateKey, chain: answer.svid?.certChain ?? [] };
}

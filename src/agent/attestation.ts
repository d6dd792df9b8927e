// How the agent comes by its own identity: attestation with a join token, and renewal of what it has.
import type { AttestAgentRequestSchema } from '../gen/spire/api/server/agent/v1/agent_pb.js';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { createCsr } from '../pki/csr.ts';
import { generateKeyPair } from '../pki/key.ts';
import type { Clock } from '../runtime/clock.ts';
import { SignetError } from '../runtime/errors.ts';
import type { X509Bundle } from '../spiffe/bundle.ts';
import { isWithin, spiffeId } from '../spiffe/spiffe-id.ts';
import type { X509Svid } from '../spiffe/svid.ts';
import type { AgentIdentity } from './agent-state.ts';
import { acceptSvid } from './issued-svid.ts';
import { fetchBundle } from './server-bundle.ts';
import { callTimeoutMs, type ServerClients, ServerConnection } from './server-connection.ts';

export interface Attestation {
  /** host:port */
  readonly serverAddress: string;
  /** The server is verified with this, and is one of its trust domain. */
  readonly bundle: X509Bundle;
  /** Used up by this, whatever comes of it. */
  readonly joinToken: string;
  readonly clock: Pick<Clock, 'unixMs'>;
}

/**
 * Attests with a fresh key and without a certificate, then asks for the bundle of the day on the same
 * connection.
 *
 * @throws SignetError `rpc.*`, `node.refused`, `node.server_*`
 */
export async function attestNode(
  { serverAddress: address, bundle, joinToken, clock }: Attestation,
  signal: AbortSignal,
): Promise<AgentIdentity> {
  const connection = new ServerConnection({
    address,
    bundle: () => bundle,
    identity: () => undefined,
    clock,
  });
  try {
    const attested = await connection.call((clients) => attest(clients, joinToken, signal));
    assertAgent(attested.svid, bundle);
    const newest = await connection
      .call((clients) => fetchBundle(clients, bundle.trustDomain, signal))
      .catch(() => ({ bundle })); // the token is spent: what it gave is not to be lost for this
    return { ...attested, bundle: newest.bundle };
  } catch (error) {
    throw isRefusal(error) ? new SignetError('node.refused', { cause: error }) : error;
  } finally {
    connection.close();
  }
}

/** A new SVID with a new key, in place of the one the connection shows. */
export async function renewNode(
  clients: ServerClients,
  { svid }: AgentIdentity,
  signal: AbortSignal,
): Promise<X509Svid> {
  const keys = generateKeyPair();
  const csr = createCsr(keys);
  const answer = await clients.agent.renewAgent({ params: { csr } }, { signal });
  return acceptSvid(answer.svid?.certChain ?? [], { ...keys, spiffeId: svid.spiffeId });
}

async function attest(
  { agent }: ServerClients,
  joinToken: string,
  signal: AbortSignal,
): Promise<Omit<AgentIdentity, 'bundle'>> {
  const keys = generateKeyPair();
  const answers = agent.attestAgent(requests(joinToken, createCsr(keys)), {
    signal,
    timeoutMs: callTimeoutMs,
  });
  for await (const { step } of answers) {
    // a join token is not asked about; other ways to attest will be
    if (step.case !== 'result') throw new SignetError('node.server_protocol');
    const { svid, reattestable: isReattestable } = step.value;
    return { svid: acceptSvid(svid?.certChain ?? [], keys), isReattestable };
  }
  throw new SignetError('node.server_protocol');
}

/** The parameters, which are all there is to say about a join token. */
async function* requests(
  joinToken: string,
  csr: Uint8Array,
): AsyncGenerator<MessageInitShape<typeof AttestAgentRequestSchema>> {
  const data = { type: 'join_token', payload: Buffer.from(joinToken, 'utf8') };
  yield { step: { case: 'params', value: { data, params: { csr } } } };
}

/** Ours may be any ID that the server reserves for agents. */
function assertAgent({ spiffeId: id }: X509Svid, { trustDomain }: X509Bundle): void {
  const agents = spiffeId(trustDomain, 'spire', 'agent');
  if (!isWithin(id, agents) || id === agents) throw new SignetError('node.server_svid');
}

/** Answers that will not change however often the same token is shown. */
const finalCodes: ReadonlySet<string> = new Set([
  'already_exists',
  'failed_precondition',
  'invalid_argument',
  'not_found',
  'permission_denied',
  'unauthenticated',
]);

function isRefusal(error: unknown): boolean {
  return (
    error instanceof SignetError && error.reason.startsWith('rpc.') && finalCodes.has(error.code)
  );
}

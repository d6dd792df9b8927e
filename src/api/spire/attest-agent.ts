// AttestAgent (spire-api A4): a node proves itself, and in one unit becomes an agent with an SVID.
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { Origin } from '../../audit/ledger.ts';
import type { AttestedNode, NodeAttestor } from '../../attestation/node/node-attestor.ts';
import type { Issued } from '../../ca/issuance.ts';
import {
  type AttestAgentRequest,
  type AttestAgentResponse,
  AttestAgentResponseSchema,
} from '../../gen/spire/api/server/agent/v1/agent_pb.js';
import type { X509SVIDSchema } from '../../gen/spire/api/types/x509svid_pb.js';
import type { CallContext } from '../../rpc/call.ts';
import { RpcStatus } from '../../rpc/status.ts';
import { SignetError } from '../../runtime/errors.ts';
import { callerOf, peerKey } from './callers.ts';
import { idToProto } from './convert-id.ts';
import { malformed, worded, type Wordings } from './failures.ts';
import { RateLimit } from './rate-limit.ts';
import type { Refusals } from './refusals.ts';
import type { SpireDeps } from './spire-deps.ts';

const unusable = {
  code: 'invalid_argument',
  text: 'failed to attest: join token does not exist or has already been used',
} as const;

/** Any `permission_denied` makes the agent exit at once: it is kept for what will not mend. */
const wordings: Wordings = {
  'join_token.malformed': unusable,
  'join_token.unknown': unusable,
  'join_token.expired': { code: 'invalid_argument', text: 'join token expired' },
  'agent.banned': { text: 'failed to attest: agent is banned' },
  'agent.attested': {
    code: 'permission_denied',
    text: 'attestation data has already been used to attest an agent',
  },
};

/** What an agent asks for, complete. */
interface Attestation {
  readonly type: string;
  readonly payload: Uint8Array;
  readonly csr: Uint8Array;
}

export class AgentAttestation {
  readonly #deps: SpireDeps;
  readonly #refusals: Refusals;
  readonly #attestors: ReadonlyMap<string, NodeAttestor>;
  readonly #limit: RateLimit | undefined;

  constructor(deps: SpireDeps, refusals: Refusals, attestors: readonly NodeAttestor[]) {
    this.#deps = deps;
    this.#refusals = refusals;
    const { clock, attestationsPerSecond: perSecond } = deps;
    this.#limit = perSecond === undefined ? undefined : new RateLimit({ clock, perSecond });
    this.#attestors = new Map(attestors.map((attestor) => [attestor.type, attestor]));
  }

  /** @throws SignetError `request.*`, and whatever attestation and issuance refuse for, worded as by SPIRE */
  async *attest(
    requests: AsyncIterable<AttestAgentRequest>,
    context: CallContext,
  ): AsyncGenerator<AttestAgentResponse> {
    const incoming = requests[Symbol.asyncIterator]();
    const first = await incoming.next();
    const { type, payload, csr } = readAttestation(first.done === true ? undefined : first.value);
    const { origin } = callerOf(context);
    if (context.peer.kind === 'tls') {
      await this.#limit?.take(context.peer.address, 1, context.signal);
    }
    try {
      const attestor = this.#attestors.get(type);
      if (attestor === undefined) throw unknownType();
      using node = await attestor.attest(payload, () => {
        throw new SignetError('rpc.not_implemented'); // no attestor here asks anything
      });
      yield await this.#admitNode(node, { type, csr }, context.requestId);
    } catch (error) {
      await this.#recordRefusal(error, origin, context);
      throw worded(error, wordings);
    }
  }

  async #admitNode(
    node: AttestedNode,
    { type, csr }: Pick<Attestation, 'csr' | 'type'>,
    requestId: string,
  ): Promise<AttestAgentResponse> {
    const { registry, issuance, agentTtlSeconds } = this.#deps;
    const { agentId: id, selectors, canReattest, joinTokenHash } = node;
    // the ledger checks this again: here nothing has been signed yet
    const before = registry.agent(id);
    if (before?.standing.state === 'banned') throw new SignetError('agent.banned');
    if (before?.canReattest === false) throw new SignetError('agent.attested');
    const order = {
      csr,
      spiffeId: id,
      dnsNames: [],
      profile: 'agent',
      ttlSeconds: agentTtlSeconds,
      node: id,
      attestor: type,
    } as const;
    const record = ({ serial, notAfter }: Issued) => ({
      id,
      attestationType: type,
      ...(joinTokenHash === undefined ? {} : { joinTokenHash }),
      selectors,
      canReattest,
      serial,
      expiresAt: notAfter,
    });
    const origin = { actor: id, requestId };
    const { issued } = await issuance.issueWith(order, 'agent.attest', record, origin);
    const result = { svid: svidToProto(issued), reattestable: canReattest };
    return create(AttestAgentResponseSchema, { step: { case: 'result', value: result } });
  }

  /** What nobody refused, such as a full queue, is not written down. */
  async #recordRefusal(thrown: unknown, origin: Origin, { peer }: CallContext): Promise<void> {
    const { reason, code } = SignetError.from(thrown);
    const isRefusal =
      code !== 'internal' && code !== 'unavailable' && code !== 'resource_exhausted';
    if (!isRefusal) return;
    await this.#refusals.record(peerKey(peer), { kind: 'node.rejected', reason }, origin);
  }
}

/** spire.api.types.X509SVID (spire-api A5): its informational fields as well. */
export function svidToProto({
  chain,
  spiffeId,
  notAfter,
}: Issued): MessageInitShape<typeof X509SVIDSchema> {
  return { certChain: [...chain], id: idToProto(spiffeId), expiresAt: BigInt(notAfter) };
}

function unknownType(): RpcStatus {
  const text = 'failed to attest: this kind of attestation is not configured';
  return new RpcStatus('request.attestation_type', { wording: { text } });
}

/** @throws SignetError `request.malformed` */
function readAttestation(request: AttestAgentRequest | undefined): Attestation {
  if (request?.step.case !== 'params') throw malformed('malformed param: missing params');
  const { data, params } = request.step.value;
  if (data === undefined) throw malformed('malformed param: missing attestation data');
  if (params === undefined) throw malformed('malformed param: missing X509-SVID parameters');
  if (params.csr.length === 0) throw malformed('malformed param: missing CSR');
  if (data.type === '') throw malformed('malformed param: missing attestation data type');
  if (data.payload.length === 0)
    throw malformed('malformed param: missing attestation data payload');
  return { type: data.type, payload: data.payload, csr: params.csr };
}

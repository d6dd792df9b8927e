// spire.api.server.svid.v1.SVID: certificates for the workloads of an agent, and minted ones for admins.
// What goes into a certificate comes from the entry; its request gives the key (spire-api A5, A13).
import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type BatchNewX509SVIDResponse_ResultSchema,
  type NewX509SVIDParams,
  SVID,
} from '../../gen/spire/api/server/svid/v1/svid_pb.js';
import type { X509SVIDSchema } from '../../gen/spire/api/types/x509svid_pb.js';
import type { Issued, Order, Outcome } from '../../ca/issuance.ts';
import { parseCsr, requestedNames } from '../../pki/csr.ts';
import { checkDnsNames } from '../../pki/dns-name.ts';
import type { Agent } from '../../registry/agent.ts';
import { parseWorkloadId } from '../../registry/entry-draft.ts';
import { type ServiceImplementation, unimplemented } from '../../rpc/service.ts';
import { RpcStatus } from '../../rpc/status.ts';
import { SignetError } from '../../runtime/errors.ts';
import { agentOf, callerOf } from './callers.ts';
import { idToProto } from './convert-id.ts';
import { worded } from './failures.ts';
import { okStatus, statusOf } from './item-status.ts';
import type { SpireDeps } from './spire-deps.ts';

type SvidDeps = Pick<SpireDeps, 'issuance' | 'registry' | 'svidTtlSeconds' | 'trustDomain'>;
type Result = MessageInitShape<typeof BatchNewX509SVIDResponse_ResultSchema>;

const maxParams = 500;

/** Methods are open to whom `authorization` says. JWT, WIT and downstream CAs are not offered. */
export function svidService(deps: SvidDeps): ServiceImplementation<typeof SVID> {
  return {
    ...unimplemented(SVID),

    async batchNewX509SVID({ params }, context) {
      if (params.length === 0) {
        throw new RpcStatus('api.missing_params', { wording: { text: 'missing parameters' } });
      }
      if (params.length > maxParams) throw new SignetError('api.too_many_params');
      const agent = agentOf(context);
      const { origin } = callerOf(context);
      const ordered = params.map((item) => orderOf(item, agent, deps));
      const orders = ordered.flatMap((item) => ('order' in item ? [item.order] : []));
      const foreign = foreignEntries(params, ordered, deps);
      await Promise.all(
        foreign.map((target) =>
          deps.registry.recordRefusal(
            { kind: 'x509.rejected', reason: 'api.entry_not_authorized', node: agent.id, target },
            origin,
          ),
        ),
      );
      const outcomes = orders.length > 0 ? await deps.issuance.issue(orders, origin) : [];
      let next = 0;
      const results = ordered.map((item): Result => {
        if ('error' in item) return { status: statusOf(item.error) };
        next += 1;
        return resultOf(outcomes[next - 1]);
      });
      return { results };
    },

    async mintX509SVID({ csr, ttl }, context) {
      const { trustDomain, issuance, svidTtlSeconds } = deps;
      if (csr.length === 0) throw missingCsr();
      if (ttl < 0) throw new SignetError('api.mint_ttl');
      const { uris, dnsNames } = requestedNames(parseCsr(csr));
      const [uri] = uris;
      if (uri === undefined) throw new SignetError('api.mint_uri');
      checkDnsNames(dnsNames);
      const order: Order = {
        csr,
        spiffeId: parseWorkloadId(uri, trustDomain),
        dnsNames,
        profile: 'workload',
        ttlSeconds: ttl === 0 ? svidTtlSeconds : ttl,
      };
      const [outcome] = await issuance.issue([order], callerOf(context).origin);
      if (outcome === undefined) throw new SignetError('internal');
      if ('error' in outcome) throw outcome.error;
      return { svid: svidToProto(outcome.issued) };
    },
  };
}

type Ordered = { readonly order: Order } | { readonly error: SignetError };

/** Decides on one item: only what the agent is authorized for becomes an order. */
function orderOf({ entryId, csr }: NewX509SVIDParams, agent: Agent, deps: SvidDeps): Ordered {
  if (entryId === '') {
    const wording = { text: 'missing entry ID' };
    return { error: new RpcStatus('api.missing_entry_id', { wording }) };
  }
  if (csr.length === 0) return { error: missingCsr() };
  const entry = deps.registry.authorizedEntry(agent.id, entryId);
  if (entry === undefined) {
    const wording = { text: 'entry not found or not authorized' };
    return { error: new RpcStatus('api.entry_not_authorized', { wording }) };
  }
  const order = {
    csr,
    spiffeId: entry.spiffeId,
    dnsNames: entry.dnsNames,
    profile: 'workload',
    ttlSeconds: entry.x509SvidTtlSeconds || deps.svidTtlSeconds,
    ...(entry.expiresAt === 0 ? {} : { notAfter: entry.expiresAt }),
    entry: `${entry.id}:${entry.revision}`,
    node: agent.id,
    attestor: agent.attestationType,
  } as const;
  return { order };
}

/**
 * Entries that exist and are not the agent's: asking for one is worth a line in the log. An entry that
 * is gone is asked for by every agent that has yet to learn of it.
 */
function foreignEntries(
  params: readonly NewX509SVIDParams[],
  ordered: readonly Ordered[],
  { registry }: SvidDeps,
): readonly string[] {
  const refused = params.filter((_item, index) => {
    const item = ordered[index];
    return (
      item !== undefined && 'error' in item && item.error.reason === 'api.entry_not_authorized'
    );
  });
  const known = refused.map(({ entryId }) => registry.entry(entryId)?.id);
  return [...new Set(known.filter((id) => id !== undefined))];
}

function resultOf(outcome: Outcome | undefined): Result {
  if (outcome === undefined) return { status: statusOf(unsigned()) };
  if ('error' in outcome) return { status: statusOf(refusalOf(outcome.error)) };
  return { status: okStatus, svid: svidToProto(outcome.issued) };
}

/** In SPIRE's words, as far as it has any. */
function refusalOf(error: SignetError): SignetError {
  if (error.code === 'internal') return unsigned(error);
  if (error.reason === 'csr.possession') {
    return worded(error, { 'csr.possession': { text: 'invalid CSR signature' } });
  }
  const isOfRequest = /^(csr|der|key)\./.test(error.reason) && error.code === 'invalid_argument';
  return isOfRequest ? worded(error, { [error.reason]: { text: 'malformed CSR' } }) : error;
}

function unsigned(cause?: unknown): RpcStatus {
  return new RpcStatus('internal', { wording: { text: 'failed to sign X509-SVID' }, cause });
}

function missingCsr(): RpcStatus {
  return new RpcStatus('api.missing_csr', { wording: { text: 'missing CSR' } });
}

function svidToProto({
  chain,
  spiffeId,
  notAfter,
}: Issued): MessageInitShape<typeof X509SVIDSchema> {
  return { certChain: [...chain], id: idToProto(spiffeId), expiresAt: BigInt(notAfter) };
}

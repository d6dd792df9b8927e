// What a server says of an agent that it will not serve any more, and what becomes of that agent.
import {
  PermissionDeniedDetails_Reason as Said,
  PermissionDeniedDetailsSchema,
} from '../gen/spire/api/types/status_pb.js';
import { RpcFailure } from '../rpc/status.ts';
import type { Reason } from '../runtime/reasons.ts';

export type Refusal = Extract<
  Reason,
  'node.banned' | 'node.expired' | 'node.must_reattest' | 'node.not_active' | 'node.not_attested'
>;

const refusals: ReadonlyMap<Said, Refusal> = new Map([
  [Said.AGENT_EXPIRED, 'node.expired'],
  [Said.AGENT_NOT_ATTESTED, 'node.not_attested'],
  [Said.AGENT_NOT_ACTIVE, 'node.not_active'],
  [Said.AGENT_BANNED, 'node.banned'],
  [Said.AGENT_MUST_REATTEST, 'node.must_reattest'],
]);

/** The refusal in a failed call; undefined for failures that may pass by themselves. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof RpcFailure) || error.code !== 'permission_denied') return undefined;
  const details = error.attachment(PermissionDeniedDetailsSchema);
  return details && refusals.get(details.reason);
}

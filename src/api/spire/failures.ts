// Failures in the words that SPIRE's agents and tools know, with what an agent acts on attached
// (spire-api A2, A4, A7, A13).
import { create } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import {
  PermissionDeniedDetails_Reason as Denied,
  PermissionDeniedDetailsSchema,
} from '../../gen/spire/api/types/status_pb.js';
import { RpcStatus, type Wording } from '../../rpc/status.ts';
import { SignetError } from '../../runtime/errors.ts';
import type { Reason } from '../../runtime/reasons.ts';

/** Why an agent is not admitted: our reason, and the number SPIRE's agents act on. */
export interface AgentDenial {
  readonly reason: Reason;
  readonly detail: Denied;
}

export const agentDenial = {
  expired: { reason: 'caller.agent_expired', detail: Denied.AGENT_EXPIRED },
  notAttested: { reason: 'caller.agent_not_attested', detail: Denied.AGENT_NOT_ATTESTED },
  notActive: { reason: 'caller.agent_not_active', detail: Denied.AGENT_NOT_ACTIVE },
  banned: { reason: 'caller.agent_banned', detail: Denied.AGENT_BANNED },
  mustReattest: { reason: 'caller.agent_must_reattest', detail: Denied.AGENT_MUST_REATTEST },
} as const satisfies Record<string, AgentDenial>;

/** An agent is refused, and told what to do about it. */
export function agentFailure({ reason, detail }: AgentDenial, text: string): RpcStatus {
  const message = create(PermissionDeniedDetailsSchema, { reason: detail });
  const attachments = [anyPack(PermissionDeniedDetailsSchema, message)];
  return new RpcStatus(reason, { wording: { text, attachments } });
}

/** A request that lacks something or holds something wrong. */
export function malformed(text: string, cause?: unknown): RpcStatus {
  return new RpcStatus('request.malformed', { wording: { text }, cause });
}

export type Wordings = Readonly<Partial<Record<Reason, Wording>>>;

/** The failure as SPIRE words it, if it has words for it. */
export function worded(thrown: unknown, wordings: Wordings): SignetError {
  const error = SignetError.from(thrown);
  const wording = error instanceof RpcStatus ? undefined : wordings[error.reason];
  if (wording === undefined) return error;
  return new RpcStatus(error.reason, { wording, details: error.details, cause: error });
}

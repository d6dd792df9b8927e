// The one place where a SignetError becomes a gRPC status, and a status becomes a SignetError again.
import {
  create,
  type DescMessage,
  fromBinary,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { type Any, anyUnpack } from '@bufbuild/protobuf/wkt';
import { Metadata, type ServiceError, status, type StatusObject } from '@grpc/grpc-js';
import { StatusSchema } from '../gen/google/rpc/status_pb.js';
import { type Details, SignetError } from '../runtime/errors.ts';
import { type Code, type Reason, reasons } from '../runtime/reasons.ts';

/** The trailer with the reason of a failure, next to the code and text every gRPC client shows. */
export const reasonTrailer = 'signet-reason';

/** The trailer by which a caller can name a failed call to whoever reads the server's log. */
export const requestIdTrailer = 'signet-request-id';

const detailsTrailer = 'grpc-status-details-bin';

const numbers: Readonly<Record<Code, status>> = {
  aborted: status.ABORTED,
  already_exists: status.ALREADY_EXISTS,
  cancelled: status.CANCELLED,
  data_loss: status.DATA_LOSS,
  deadline_exceeded: status.DEADLINE_EXCEEDED,
  failed_precondition: status.FAILED_PRECONDITION,
  internal: status.INTERNAL,
  invalid_argument: status.INVALID_ARGUMENT,
  not_found: status.NOT_FOUND,
  out_of_range: status.OUT_OF_RANGE,
  permission_denied: status.PERMISSION_DENIED,
  resource_exhausted: status.RESOURCE_EXHAUSTED,
  unauthenticated: status.UNAUTHENTICATED,
  unavailable: status.UNAVAILABLE,
  unimplemented: status.UNIMPLEMENTED,
};

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of `numbers` are codes
const codes = new Map(Object.entries(numbers).map(([code, number]) => [number, code as Code]));

/** How one failure differs on the wire from what its reason says, where a protocol fixes the wording. */
export interface Wording {
  readonly code?: Code;
  readonly text?: string;
  /** Messages for programs, as gRPC's richer error model has them. */
  readonly attachments?: readonly Any[];
}

/** A SignetError that answers a call in the words of the protocol spoken. */
export class RpcStatus extends SignetError {
  readonly wording: Wording;

  constructor(
    reason: Reason,
    { wording = {}, ...context }: { wording?: Wording; details?: Details; cause?: unknown } = {},
  ) {
    super(reason, context);
    this.wording = wording;
  }
}

/** What another server answered, its own words kept apart from ours: they are its input to us. */
export class RpcFailure extends SignetError {
  /** The number of the gRPC status. */
  readonly status: number;
  readonly text: string;
  /** The reason named by a server of ours, absent from others. */
  readonly remoteReason: string | undefined;
  readonly attachments: readonly Any[];

  constructor(error: ServiceError) {
    const known = codes.get(error.code);
    super(known === undefined ? 'rpc.unknown' : `rpc.${known}`, { cause: error });
    this.status = error.code;
    this.text = error.details;
    this.remoteReason = error.metadata?.get(reasonTrailer)[0]?.toString();
    this.attachments = attachmentsOf(error.metadata?.get(detailsTrailer)[0]);
  }

  /** The first attachment of this type, or undefined. */
  attachment<Desc extends DescMessage>(schema: Desc): MessageShape<Desc> | undefined {
    for (const any of this.attachments) {
      const message = anyUnpack(any, schema);
      if (message !== undefined) return message;
    }
    return undefined;
  }
}

/** The number gRPC has for a code: what SPIRE's batch answers carry for each item. */
export function statusNumber(code: Code): number {
  return numbers[code];
}

/**
 * The status a failed call ends with. Whatever is internal keeps its text to the log, unless it is
 * worded for the wire.
 */
export function toStatus(thrown: unknown, requestId: string): StatusObject {
  const error = SignetError.from(thrown);
  const {
    code = error.code,
    text,
    attachments = [],
  } = error instanceof RpcStatus ? error.wording : {};
  const hidden = code === 'internal' && text === undefined;
  const details = hidden ? reasons.internal.message : (text ?? error.message);

  const metadata = new Metadata();
  metadata.set(reasonTrailer, hidden ? 'internal' : error.reason);
  metadata.set(requestIdTrailer, requestId);
  if (attachments.length > 0) {
    const full = create(StatusSchema, {
      code: numbers[code],
      message: details,
      details: [...attachments],
    });
    metadata.set(detailsTrailer, Buffer.from(toBinary(StatusSchema, full)));
  }
  return { code: numbers[code], details, metadata };
}

/** What came of a call to another server, as an error of ours. */
export function fromStatus(thrown: unknown): SignetError {
  return isServiceError(thrown) ? new RpcFailure(thrown) : SignetError.from(thrown);
}

function isServiceError(thrown: unknown): thrown is ServiceError {
  return (
    thrown instanceof Error &&
    typeof (thrown as Partial<ServiceError>).code === 'number' &&
    typeof (thrown as Partial<ServiceError>).details === 'string'
  );
}

/** A trailer that is no Status is as good as none: the code and text stand on their own. */
function attachmentsOf(trailer: Buffer | string | undefined): readonly Any[] {
  if (!Buffer.isBuffer(trailer)) return [];
  try {
    return fromBinary(StatusSchema, trailer).details;
  } catch {
    return [];
  }
}

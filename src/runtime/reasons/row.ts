// How a reason is written down: its code and its message.

/** The closed set of codes: those of gRPC without OK and UNKNOWN, in lower case. */
export type Code =
  | 'aborted'
  | 'already_exists'
  | 'cancelled'
  | 'data_loss'
  | 'deadline_exceeded'
  | 'failed_precondition'
  | 'internal'
  | 'invalid_argument'
  | 'not_found'
  | 'out_of_range'
  | 'permission_denied'
  | 'resource_exhausted'
  | 'unauthenticated'
  | 'unavailable'
  | 'unimplemented';

export interface Row {
  readonly code: Code;
  /** Which rule was broken, and what to do next. Never holds input: it may be secret or hostile. */
  readonly message: string;
}

const rowOf =
  (code: Code) =>
  (message: string): Row => ({ code, message });

export const aborted = rowOf('aborted');
export const alreadyExists = rowOf('already_exists');
export const cancelled = rowOf('cancelled');
export const dataLoss = rowOf('data_loss');
export const deadlineExceeded = rowOf('deadline_exceeded');
export const failedPrecondition = rowOf('failed_precondition');
export const internal = rowOf('internal');
export const invalidArgument = rowOf('invalid_argument');
export const notFound = rowOf('not_found');
export const outOfRange = rowOf('out_of_range');
export const permissionDenied = rowOf('permission_denied');
export const resourceExhausted = rowOf('resource_exhausted');
export const unauthenticated = rowOf('unauthenticated');
export const unavailable = rowOf('unavailable');
export const unimplemented = rowOf('unimplemented');

// The one place where a failure becomes an answer: a problem document (RFC 9457). What nobody
// classified, and what details and causes say, stays in the log.
import { SignetError } from '../../runtime/errors.ts';
import type { Code, Reason } from '../../runtime/reasons.ts';
import { type Flaw, InvalidRequest } from './validate.ts';

export const problemType = 'application/problem+json';

export interface Problem {
  /** Names the kind of problem; not meant to be fetched. */
  readonly type: string;
  /** Which rule was broken. */
  readonly title: string;
  readonly status: number;
  /** What to do about it. */
  readonly detail?: string;
  /** Stable: programs branch on it. */
  readonly reason: Reason;
  readonly requestId: string;
  readonly errors?: readonly Flaw[];
  /** What exists already: its id. */
  readonly existing?: string;
}

const statusOfCode: Readonly<Record<Code, number>> = {
  aborted: 409,
  already_exists: 409,
  cancelled: 499,
  data_loss: 500,
  deadline_exceeded: 504,
  failed_precondition: 409,
  internal: 500,
  invalid_argument: 400,
  not_found: 404,
  out_of_range: 404,
  permission_denied: 403,
  resource_exhausted: 429,
  unauthenticated: 401,
  unavailable: 503,
  unimplemented: 501,
};

/** Where HTTP has a word of its own. */
const statusOfReason: Readonly<Partial<Record<Reason, number>>> = {
  'entry.changed': 412,
  'rest.changed': 412,
  'rest.if_match_missing': 428,
  'rest.body_too_long': 413,
  'rest.media_type': 415,
  'rest.host': 421,
};

/** @param thrown what a handler or the framework failed with */
export function problemOf(thrown: unknown, requestId: string): Problem {
  const error = classify(thrown);
  const { reason, code, message, details } = error;
  const [title = message, ...advice] = message.split(': ');
  const { id } = details;
  return {
    type: `urn:signet:problem:${reason}`,
    title,
    status: statusOfReason[reason] ?? statusOfCode[code],
    ...(advice.length > 0 ? { detail: advice.join(': ') } : {}),
    reason,
    requestId,
    ...(error instanceof InvalidRequest ? { errors: error.flaws } : fieldOf(error)),
    ...(code === 'already_exists' && typeof id === 'string' ? { existing: id } : {}),
  };
}

/** Reasons of what the framework refuses before a handler sees it. */
const reasonOfFramework: Readonly<Record<string, Reason>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'rest.body_too_long',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'rest.media_type',
  FST_ERR_CTP_EMPTY_TYPE: 'rest.media_type',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'json.malformed',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'rest.malformed',
  FST_ERR_BAD_URL: 'rest.malformed',
  FST_ERR_MAX_PARAM_LENGTH: 'rest.no_route',
};

/** Everything that can be thrown, as an error of ours. */
export function classify(thrown: unknown): SignetError {
  if (thrown instanceof SignetError) return thrown;
  const code: unknown = thrown instanceof Error ? Reflect.get(thrown, 'code') : undefined;
  const reason = typeof code === 'string' ? reasonOfFramework[code] : undefined;
  return reason === undefined
    ? SignetError.from(thrown)
    : new SignetError(reason, { cause: thrown });
}

/** Some parsers say which member they did not like. */
function fieldOf({ code, details, message }: SignetError): { errors?: readonly Flaw[] } {
  const { field, index } = details;
  if (code !== 'invalid_argument' || typeof field !== 'string') return {};
  const item = typeof index === 'number' ? `/${index}` : '';
  return { errors: [{ in: 'body', pointer: `/${field}${item}`, detail: message }] };
}

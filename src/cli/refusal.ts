// What a server refused, as an error of this process.
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { SignetError } from '../runtime/errors.ts';
import { type Reason, reasons } from '../runtime/reasons.ts';

/** As much of a problem document (RFC 9457) as is told. */
const problemSchema = Type.Object({
  reason: Type.String(),
  requestId: Type.String(),
  existing: Type.Optional(Type.String()),
  errors: Type.Optional(
    Type.Array(Type.Object({ pointer: Type.String(), detail: Type.String() }), { maxItems: 100 }),
  ),
});

type Problem = Static<typeof problemSchema>;

export class Refusal extends SignetError {
  readonly problem: Problem;

  constructor(reason: Reason, problem: Problem) {
    super(reason, { details: { requestId: problem.requestId } });
    this.problem = problem;
  }
}

const reasonOfStatus: Readonly<Record<number, Reason>> = {
  401: 'rpc.unauthenticated',
  403: 'rpc.permission_denied',
  404: 'rpc.not_found',
  409: 'rpc.failed_precondition',
  429: 'rpc.resource_exhausted',
  503: 'rpc.unavailable',
};

/**
 * A newer server may have reasons that are not known here; its status tells enough then.
 *
 * @param problem what the server sent, not checked yet
 */
export function refusalOf(status: number, problem: unknown): SignetError {
  if (!Value.Check(problemSchema, problem)) return new SignetError('cli.answer');
  const { reason } = problem;
  if (isReason(reason)) return new Refusal(reason, problem);
  const usual = status >= 500 ? 'rpc.internal' : 'rpc.invalid_argument';
  return new Refusal(reasonOfStatus[status] ?? usual, problem);
}

function isReason(name: string): name is Reason {
  return Object.hasOwn(reasons, name);
}

// Exit codes, for scripts.
import type { Code } from '../runtime/reasons.ts';

export const exitCode = {
  done: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  denied: 4,
  unavailable: 5,
  /** Verification found something. */
  findings: 6,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

const exitCodes: Readonly<Record<Code, ExitCode>> = {
  aborted: exitCode.failed,
  already_exists: exitCode.failed,
  cancelled: exitCode.failed,
  data_loss: exitCode.failed,
  deadline_exceeded: exitCode.unavailable,
  failed_precondition: exitCode.failed,
  internal: exitCode.failed,
  invalid_argument: exitCode.usage,
  not_found: exitCode.notFound,
  out_of_range: exitCode.usage,
  permission_denied: exitCode.denied,
  resource_exhausted: exitCode.unavailable,
  unauthenticated: exitCode.denied,
  unavailable: exitCode.unavailable,
  unimplemented: exitCode.failed,
};

export function exitCodeOf(code: Code): ExitCode {
  return exitCodes[code];
}

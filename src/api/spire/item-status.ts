// The outcome of each item of a batch, as SPIRE's batch answers carry it (spire-api A2).
import { toStatus } from '../../rpc/status.ts';

export const okStatus = { code: 0, message: 'OK' } as const;

/** The status that a call of its own would have failed with; what is internal keeps its text here, too. */
export function statusOf(thrown: unknown): { readonly code: number; readonly message: string } {
  const { code, details } = toStatus(thrown, '');
  return { code, message: details };
}

// How long to wait before trying again: full jitter, so that many who failed together do not come
// back together.
import { randomInt } from 'node:crypto';

export interface BackoffOptions {
  /** Upper bound of the first wait. It doubles with each further attempt. */
  readonly baseMs: number;
  readonly maxMs: number;
}

/** @param attempt how often it failed so far, from 1 */
export function backoffMs(attempt: number, { baseMs, maxMs }: BackoffOptions): number {
  const bound = Math.min(maxMs, baseMs * 2 ** Math.min(attempt - 1, 30));
  return randomInt(Math.max(1, Math.floor(bound)) + 1);
}

/** A time moved by up to `fraction` either way, for what many do at the same intervals. */
export function jitterMs(ms: number, fraction: number): number {
  const spread = Math.floor(ms * fraction);
  return spread === 0 ? ms : ms - spread + randomInt(2 * spread + 1);
}

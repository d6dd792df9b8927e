// Join tokens as they are made and looked up. Only their hash is ever kept.
import { createHash, randomUUID } from 'node:crypto';
import { SignetError } from '../runtime/errors.ts';

const tokenPattern = /^[A-Za-z0-9._-]{1,255}$/;
const dots = /^\.\.?$/;

/** A random one, as SPIRE makes them. */
export const newJoinToken = (): string => randomUUID();

/**
 * It becomes the last segment of the agent's SPIFFE ID, so it has to be one.
 *
 * @throws SignetError `join_token.malformed`
 */
export function checkJoinToken(token: string): void {
  if (!tokenPattern.test(token) || dots.test(token)) throw new SignetError('join_token.malformed');
}

/** Under which the database knows it: SHA-256 in lower-case hex. */
export function joinTokenHash(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

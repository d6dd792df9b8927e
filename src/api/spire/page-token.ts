// Tokens of pages: the key of the last item, bound to the list and the filter it belongs to. A token is
// no secret, as it gives nothing its bearer may not list; it holds across restarts and servers.
import { createHash } from 'node:crypto';
import { SignetError } from '../../runtime/errors.ts';

const digestBytes = 16;
const maxTokenLength = 4096;

/** @param scope the list with its filter, as JSON: whatever must be the same on the next page */
export function sealPageToken(scope: unknown, last: string): string {
  return Buffer.concat([digestOf(scope), Buffer.from(last)]).toString('base64url');
}

/**
 * The key that a page begins behind; undefined for the first page, which has the empty token.
 *
 * @throws SignetError `api.page_token`
 */
export function openPageToken(scope: unknown, token: string): string | undefined {
  if (token === '') return undefined;
  if (token.length > maxTokenLength) throw new SignetError('api.page_token');
  const bytes = Buffer.from(token, 'base64url');
  const [digest, last] = [bytes.subarray(0, digestBytes), bytes.subarray(digestBytes)];
  const isOurs =
    bytes.toString('base64url') === token && digest.equals(digestOf(scope)) && last.length > 0;
  if (!isOurs) throw new SignetError('api.page_token');
  return last.toString();
}

function digestOf(scope: unknown): Buffer {
  return createHash('sha256').update(JSON.stringify(scope)).digest().subarray(0, digestBytes);
}

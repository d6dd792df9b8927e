// ETags of what has revisions (RFC 9110 8.8.3, 13.1.1).
import { SignetError } from '../../runtime/errors.ts';

export function etagOf(revision: number): string {
  return `"${revision}"`;
}

/**
 * The revision that a request says it changes, or `any` for `*`.
 *
 * @throws SignetError `rest.if_match_missing`, `rest.if_match`
 */
export function requiredRevision(ifMatch: string | undefined): number | 'any' {
  if (ifMatch === undefined) throw new SignetError('rest.if_match_missing');
  if (ifMatch === '*') return 'any';
  const { revision } = /^"(?<revision>0|[1-9][0-9]{0,14})"$/.exec(ifMatch)?.groups ?? {};
  if (revision === undefined) throw new SignetError('rest.if_match');
  return Number(revision);
}

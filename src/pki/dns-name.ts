// DNS names as certificates carry them (RFC 5280 4.2.1.6, RFC 1123 2.1, RFC 6125 6.4.3).
import { SignetError } from '../runtime/errors.ts';

const maxDnsNames = 64;
const name =
  /^(?=.{1,253}$)(\*\.)?[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/;

/**
 * Checks the DNS names of one certificate: each a host name, or `*.` before one, no two of them the same
 * and none covered by a wildcard beside it.
 *
 * @throws SignetError `names.too_many`, `names.dns`, `names.covered`
 */
export function checkDnsNames(dnsNames: readonly string[]): void {
  if (dnsNames.length > maxDnsNames) {
    throw new SignetError('names.too_many', { details: { limit: maxDnsNames } });
  }
  const seen = new Set<string>();
  for (const [index, text] of dnsNames.entries()) {
    if (!name.test(text)) throw new SignetError('names.dns', { details: { index } });
    seen.add(text.toLowerCase());
  }
  const isCovered = [...seen].some(
    (text) => seen.has(`*${text.slice(text.indexOf('.'))}`) && !text.startsWith('*'),
  );
  if (seen.size < dnsNames.length || isCovered) throw new SignetError('names.covered');
}

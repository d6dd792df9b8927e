// Object identifiers of what we read and write, in dotted form.
import { SignetError } from '../runtime/errors.ts';

export const attributeOid = {
  commonName: '2.5.4.3',
  serialNumber: '2.5.4.5',
  country: '2.5.4.6',
  organization: '2.5.4.10',
} as const;

export const extensionOid = {
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  certificatePolicies: '2.5.29.32',
  authorityKeyId: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
} as const;

export const usageOid = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;

/** PKCS #9: the attribute of a request that holds the extensions asked for (RFC 2986, RFC 2985 5.4.2). */
export const extensionRequestOid = '1.2.840.113549.1.9.14';

const maxOidBytes = 32;

/**
 * Content of an OBJECT IDENTIFIER to dotted form.
 *
 * @throws SignetError `der.oid`
 */
export function dottedOid(content: Uint8Array): string {
  const isWhole = content.length <= maxOidBytes && (content.at(-1) ?? 0x80) < 0x80;
  if (!isWhole) throw new SignetError('der.oid');
  const numbers: number[] = [];
  let value = 0;
  let isFirst = true;
  for (const byte of content) {
    // a leading zero would give one identifier a second spelling; larger numbers would be rounded
    if ((isFirst && byte === 0x80) || value > 2 ** 46) throw new SignetError('der.oid');
    value = value * 128 + (byte & 0x7f);
    isFirst = byte < 0x80;
    if (!isFirst) continue;
    numbers.push(value);
    value = 0;
  }
  const [head = 0, ...rest] = numbers;
  const first = Math.min(Math.floor(head / 40), 2);
  return [first, head - 40 * first, ...rest].join('.');
}

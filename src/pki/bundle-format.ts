// X.509 bundles as text: PEM, and the JWK Set of SPIFFE-Trust-Domain-and-Bundle 4 with the keys of
// X509-SVID 6. Reading takes what the standard says to tolerate and CA certificates only.
import { SignetError } from '../runtime/errors.ts';
import type { X509Bundle } from '../spiffe/bundle.ts';
import type { TrustDomain } from '../spiffe/trust-domain.ts';
import { parseCertificate } from './certificate.ts';
import { decodePem, encodePem } from './pem.ts';
import { spiffeIdOfAuthority } from './svid-certificate.ts';

/** Upper bound on a bundle as text, in UTF-16 units. */
export const maxBundleLength = 4 * 1024 * 1024;
export const maxAuthorities = 1000;
/** Where a bundle does not say how often to look for a newer one. */
const defaultRefreshHintSeconds = 300;

const use = 'x509-svid';

export function formatBundlePem({ authorities }: X509Bundle): string {
  return authorities.map((der) => encodePem('CERTIFICATE', der)).join('');
}

/**
 * Reads PEM, which knows neither sequence nor refresh hint: they are 0 and 300 seconds.
 *
 * @throws SignetError `bundle.empty`, `bundle.authority`, `bundle.too_many`, `pem.*`
 */
export function parseBundlePem(text: string, trustDomain: TrustDomain): X509Bundle {
  const certificates = decodePem(text, 'CERTIFICATE', maxBundleLength);
  if (certificates.length === 0) throw new SignetError('bundle.empty');
  return {
    trustDomain,
    authorities: checkAuthorities(certificates),
    sequence: 0,
    refreshHintSeconds: defaultRefreshHintSeconds,
  };
}

/** The JWK Set, each authority as one key. */
export function formatBundleJwks(bundle: X509Bundle): string {
  const keys = bundle.authorities.map((der) => {
    const jwk = parseCertificate(der).publicKey.export({ format: 'jwk' });
    return { use, ...jwk, x5c: [Buffer.from(der).toString('base64')] };
  });
  return JSON.stringify({
    keys,
    spiffe_sequence: bundle.sequence,
    spiffe_refresh_hint: bundle.refreshHintSeconds,
  });
}

/**
 * Reads a JWK Set. Keys of other uses, of unknown types and without certificate are passed over; a
 * bundle without any authority is valid, and trusts nobody.
 *
 * @throws SignetError `bundle.malformed`, `bundle.authority`, `bundle.too_many`, `bundle.too_long`
 */
export function parseBundleJwks(text: string, trustDomain: TrustDomain): X509Bundle {
  if (text.length > maxBundleLength) throw new SignetError('bundle.too_long');
  const document = parseJson(text);
  if (!isObject(document) || !Array.isArray(document['keys'])) {
    throw new SignetError('bundle.malformed');
  }
  const keys: readonly unknown[] = document['keys'];
  return {
    trustDomain,
    authorities: checkAuthorities(keys.flatMap(certificateOf)),
    sequence: wholeNumber(document['spiffe_sequence'], 0),
    refreshHintSeconds: wholeNumber(document['spiffe_refresh_hint'], defaultRefreshHintSeconds),
  };
}

/** The first certificate of an `x509-svid` key. */
function certificateOf(key: unknown): Buffer[] {
  if (!isObject(key) || key['use'] !== use) return [];
  if (!['EC', 'RSA', 'OKP'].includes(String(key['kty']))) return [];
  const chain: unknown = key['x5c'];
  const first: unknown = Array.isArray(chain) ? chain[0] : undefined;
  if (first === undefined) return [];
  if (typeof first !== 'string') throw new SignetError('bundle.malformed');
  const der = Buffer.from(first, 'base64');
  if (der.toString('base64') !== first) throw new SignetError('bundle.malformed');
  return [der];
}

/** Each must be a CA certificate; the same one twice counts once. */
function checkAuthorities(certificates: readonly Buffer[]): Buffer[] {
  if (certificates.length > maxAuthorities) {
    throw new SignetError('bundle.too_many', { details: { limit: maxAuthorities } });
  }
  const unique = new Map<string, Buffer>();
  for (const [index, der] of certificates.entries()) {
    try {
      spiffeIdOfAuthority(parseCertificate(der));
    } catch (cause) {
      throw new SignetError('bundle.authority', { details: { index }, cause });
    }
    unique.set(der.toString('latin1'), der);
  }
  return [...unique.values()];
}

function wholeNumber(value: unknown, fallback: number): number {
  if (value === undefined) return fallback;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new SignetError('bundle.malformed');
  }
  return value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // not passed on as cause: the parser quotes what it could not read
    throw new SignetError('bundle.malformed');
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

// What makes a certificate an X.509-SVID: the SPIFFE ID in it, and the rules for leaves and for signing
// certificates (X509-SVID 2 to 5).
import { SignetError } from '../runtime/errors.ts';
import { parseSpiffeId, pathOf, type SpiffeId } from '../spiffe/spiffe-id.ts';
import type { Certificate } from './certificate.ts';

/**
 * The SPIFFE ID of a leaf. Says nothing of who signed it: see chain.ts.
 *
 * @throws SignetError `svid.uris`, `svid.path`, `svid.signing`, `svid.key_usage`, `spiffe_id.*`,
 * `trust_domain.*`
 */
export function spiffeIdOfLeaf(certificate: Certificate): SpiffeId {
  const { keyUsage, isCa } = certificate;
  const id = onlyId(certificate);
  if (pathOf(id) === '') throw new SignetError('svid.path');
  if (isCa || keyUsage?.has('keyCertSign') === true || keyUsage?.has('cRLSign') === true) {
    throw new SignetError('svid.signing');
  }
  if (keyUsage?.has('digitalSignature') !== true) throw new SignetError('svid.key_usage');
  return id;
}

/**
 * The SPIFFE ID of a signing certificate, which is that of its trust domain; undefined if it has none.
 *
 * @throws SignetError `svid.uris`, `svid.path`, `svid.not_signing`, `spiffe_id.*`, `trust_domain.*`
 */
export function spiffeIdOfAuthority(certificate: Certificate): SpiffeId | undefined {
  const { isCa, keyUsage } = certificate;
  if (!isCa || keyUsage?.has('keyCertSign') !== true) throw new SignetError('svid.not_signing');
  if (certificate.uris.length === 0) return undefined;
  const id = onlyId(certificate);
  if (pathOf(id) !== '') throw new SignetError('svid.path');
  return id;
}

function onlyId({ uris }: Certificate): SpiffeId {
  const [uri, ...others] = uris;
  if (uri === undefined || others.length > 0) throw new SignetError('svid.uris');
  return parseSpiffeId(uri);
}

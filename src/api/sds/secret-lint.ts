// Checks what goes into a secret before an Envoy sees it: an Envoy accepts an expired certificate or a
// chain out of order without a word, and fails every handshake from then on (envoy-sds 5).
import { type Certificate, parseCertificate } from '../../pki/certificate.ts';
import { parsePrivateKey, spkiOf } from '../../pki/key.ts';
import { signatureAlgorithm, verifies } from '../../pki/signature-algorithm.ts';
import { spiffeIdOfAuthority, spiffeIdOfLeaf } from '../../pki/svid-certificate.ts';
import { SignetError } from '../../runtime/errors.ts';
import type { X509Bundle } from '../../spiffe/bundle.ts';
import type { X509Svid } from '../../spiffe/svid.ts';

/**
 * Everything about an SVID that time does not change: its certificates parse, each is signed by the
 * next, the leaf names the SPIFFE ID and has the private key.
 *
 * @throws SignetError `secret.*`, and those of the parsers
 */
export function lintSvid({ chain, privateKey, spiffeId }: X509Svid): void {
  const certificates = chain.map(parseCertificate);
  const [leaf] = certificates;
  if (leaf === undefined) throw new SignetError('chain.empty');
  if (spiffeIdOfLeaf(leaf) !== spiffeId) throw new SignetError('secret.identity');
  if (!spkiOf(parsePrivateKey(privateKey)).equals(leaf.spki)) throw new SignetError('secret.key');
  for (const [depth, certificate] of certificates.entries()) {
    const next = certificates[depth + 1];
    if (next !== undefined && !isSignedBy(certificate, next)) {
      throw new SignetError('secret.order', { details: { depth } });
    }
  }
}

/** @throws SignetError `secret.expired` */
export function lintExpiry({ notAfter }: X509Svid, unixMs: number): void {
  if (notAfter * 1000 <= unixMs) throw new SignetError('secret.expired');
}

/**
 * Every authority parses and is one.
 *
 * @throws SignetError `secret.no_authority`, and those of the parsers
 */
export function lintBundle({ authorities }: X509Bundle): void {
  if (authorities.length === 0) throw new SignetError('secret.no_authority');
  for (const der of authorities) spiffeIdOfAuthority(parseCertificate(der));
}

function isSignedBy(certificate: Certificate, issuer: Certificate): boolean {
  const algorithm = signatureAlgorithm(certificate.signatureAlgorithm);
  return (
    algorithm !== undefined &&
    certificate.issuer.equals(issuer.subject) &&
    verifies(algorithm, certificate.tbs, issuer.publicKey, certificate.signature)
  );
}

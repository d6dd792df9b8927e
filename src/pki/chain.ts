// Validates a presented chain up to a root we trust (RFC 5280 6.1, without policies and revocation), with
// bounds on what a peer can make us compute.
import { SignetError } from '../runtime/errors.ts';
import type { SpiffeId } from '../spiffe/spiffe-id.ts';
import { parseCertificate, type Certificate } from './certificate.ts';
import { checkNameConstraints } from './name-constraints.ts';
import { usageOid } from './oids.ts';
import { checkChainKey } from './public-key.ts';
import { RootSet } from './root-set.ts';
import { signatureAlgorithm, verifies } from './signature-algorithm.ts';
import { spiffeIdOfLeaf } from './svid-certificate.ts';

/** What the holder of the leaf is: it answers as a server, or calls as a client. */
export type ChainUsage = 'client' | 'server';

export interface ChainInput {
  /** DER, the leaf first, then its issuers in any order; the root may be left out. */
  readonly chain: readonly Uint8Array[];
  /** DER, or read once by `RootSet.of`. */
  readonly roots: readonly Uint8Array[] | RootSet;
  /** Unix seconds. */
  readonly at: number;
  readonly usage: ChainUsage;
}

export interface VerifiedPath {
  readonly leaf: Certificate;
  readonly root: Certificate;
  /** From the leaf to the root, both included. */
  readonly path: readonly Certificate[];
}

export interface VerifiedSvid extends VerifiedPath {
  readonly spiffeId: SpiffeId;
}

export const maxChainLength = 8;
export const maxSignatureChecks = 10;

const usages: Readonly<Record<ChainUsage, string>> = {
  client: usageOid.clientAuth,
  server: usageOid.serverAuth,
};
const anyUsage = '2.5.29.37.0';

/**
 * Verifies an X.509-SVID and says whose it is.
 *
 * @throws SignetError `chain.*`, `svid.*`, `spiffe_id.*`, `trust_domain.*`, and those of `parseCertificate`
 */
export function verifyChain(input: ChainInput): VerifiedSvid {
  const verified = verifyPath(input);
  return { ...verified, spiffeId: spiffeIdOfLeaf(verified.leaf) };
}

/**
 * Verifies a chain whose leaf need not be an SVID, such as a certificate that attests a node.
 *
 * @throws SignetError `chain.*`, and those of `parseCertificate`
 */
export function verifyPath({ chain, roots, at, usage }: ChainInput): VerifiedPath {
  if (chain.length === 0) throw new SignetError('chain.empty');
  if (chain.length > maxChainLength) {
    throw new SignetError('chain.too_long', { details: { limit: maxChainLength } });
  }
  const certificates = chain.map(parseCertificate);
  // a key is never larger than what we will compute with, not even one that is not reached
  for (const { spki } of certificates) checkChainKey(spki);
  const trusted = roots instanceof RootSet ? roots : RootSet.of(roots);
  const path = buildPath(certificates, trusted, at);
  const [leaf] = path;
  const root = path.at(-1);
  if (leaf === undefined || root === undefined) throw new SignetError('chain.empty');
  checkPath(path, at);
  const { extendedKeyUsage } = leaf;
  const isAllowed = extendedKeyUsage?.some((oid) => oid === usages[usage] || oid === anyUsage);
  if (isAllowed === false) throw new SignetError('chain.usage');
  return { leaf, root, path };
}

/** From the leaf upwards until a root has signed; certificates that are not needed are passed over. */
function buildPath(chain: readonly Certificate[], roots: RootSet, at: number): Certificate[] {
  let checks = 0;
  const isSignedBy = (certificate: Certificate, issuer: Certificate): boolean => {
    checks += 1;
    if (checks > maxSignatureChecks) throw new SignetError('chain.too_many_checks');
    const algorithm = signatureAlgorithm(certificate.signatureAlgorithm);
    if (algorithm === undefined) throw new SignetError('chain.algorithm');
    checkChainKey(issuer.spki);
    return verifies(algorithm, certificate.tbs, issuer.publicKey, certificate.signature);
  };
  const path: Certificate[] = [];
  const left = new Set(chain);
  for (let next = chain[0]; next !== undefined;) {
    const certificate = next;
    path.push(certificate);
    left.delete(certificate);
    const root = roots
      .issuersOf(certificate)
      .filter((candidate) => isInDate(candidate, at))
      .find((candidate) => isSignedBy(certificate, candidate));
    if (root !== undefined) return root.der.equals(certificate.der) ? path : [...path, root];
    next = [...left].find(
      (candidate) => names(certificate, candidate) && isSignedBy(certificate, candidate),
    );
  }
  throw new SignetError('chain.untrusted');
}

/** Whether `certificate` names `issuer` as the one that signed it. */
function names(certificate: Certificate, issuer: Certificate): boolean {
  const { authorityKeyId } = certificate;
  const isSameKey =
    authorityKeyId === undefined ||
    issuer.subjectKeyId === undefined ||
    authorityKeyId === issuer.subjectKeyId;
  return isSameKey && certificate.issuer.equals(issuer.subject);
}

/** Everything but the signatures. */
function checkPath(path: readonly Certificate[], at: number): void {
  let intermediates = 0;
  for (const [depth, certificate] of path.entries()) {
    if (!isInDate(certificate, at)) throw new SignetError('chain.validity', { details: { depth } });
    if (certificate.unknownCritical.length > 0) {
      throw new SignetError('chain.critical_extension', { details: { depth } });
    }
    if (depth === 0) continue;
    const { isCa, keyUsage, pathLength = Infinity, nameConstraints } = certificate;
    if (!isCa || keyUsage?.has('keyCertSign') === false) {
      throw new SignetError('chain.not_a_ca', { details: { depth } });
    }
    if (intermediates > pathLength) {
      throw new SignetError('chain.path_length', { details: { depth } });
    }
    if (!certificate.issuer.equals(certificate.subject)) intermediates += 1;
    if (nameConstraints === undefined) continue;
    for (const below of path.slice(0, depth)) checkNameConstraints(nameConstraints, below);
  }
}

function isInDate({ notBefore, notAfter }: Certificate, at: number): boolean {
  return notBefore <= at && at <= notAfter;
}

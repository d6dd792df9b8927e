// The bundle of our trust domain as the server hands it out, with its tainted roots.
import type { Bundle } from '../gen/spire/api/types/bundle_pb.js';
import { maxAuthorities } from '../pki/bundle-format.ts';
import { parseCertificate } from '../pki/certificate.ts';
import { keyIdOf } from '../pki/key.ts';
import { spiffeIdOfAuthority } from '../pki/svid-certificate.ts';
import { SignetError } from '../runtime/errors.ts';
import type { X509Bundle } from '../spiffe/bundle.ts';
import type { X509Svid } from '../spiffe/svid.ts';
import type { TrustDomain } from '../spiffe/trust-domain.ts';
import { callTimeoutMs, type ServerClients } from './server-connection.ts';

export interface ServerBundle {
  readonly bundle: X509Bundle;
  /** Key ids, hex, of roots that are trusted still but shall not be relied on. */
  readonly tainted: ReadonlySet<string>;
}

/** @throws SignetError `rpc.*`, `node.server_bundle` */
export async function fetchBundle(
  clients: ServerClients,
  trustDomain: TrustDomain,
  signal: AbortSignal,
): Promise<ServerBundle> {
  const answer = await clients.bundle.getBundle({}, { signal, timeoutMs: callTimeoutMs });
  return readBundle(answer, trustDomain);
}

/**
 * A bundle without any root is refused: it would cut the agent off from the server for good.
 *
 * @throws SignetError `node.server_bundle`
 */
export function readBundle(answer: Bundle, trustDomain: TrustDomain): ServerBundle {
  const { x509Authorities, sequenceNumber, refreshHint } = answer;
  const isUsable = x509Authorities.length > 0 && x509Authorities.length <= maxAuthorities;
  if (!isUsable || answer.trustDomain !== trustDomain) throw new SignetError('node.server_bundle');
  const tainted = new Set<string>();
  const unique = new Map<string, Uint8Array>();
  try {
    for (const authority of x509Authorities) {
      const root = parseCertificate(Buffer.from(authority.asn1));
      spiffeIdOfAuthority(root);
      unique.set(root.der.toString('latin1'), root.der);
      if (authority.tainted) tainted.add(root.subjectKeyId ?? keyIdOf(root.spki).toString('hex'));
    }
  } catch (cause) {
    throw new SignetError('node.server_bundle', { cause });
  }
  const bundle: X509Bundle = {
    trustDomain,
    authorities: [...unique.values()],
    sequence: Number(sequenceNumber),
    refreshHintSeconds: Number(refreshHint) || 300,
  };
  return { bundle, tainted };
}

/** Whether two have the same content, so that the older object can stay. */
export function isSameBundle(a: X509Bundle, b: X509Bundle): boolean {
  return (
    a.trustDomain === b.trustDomain &&
    a.sequence === b.sequence &&
    a.refreshHintSeconds === b.refreshHintSeconds &&
    a.authorities.length === b.authorities.length &&
    a.authorities.every((der, index) => Buffer.from(der).equals(b.authorities[index] ?? noBytes))
  );
}

const noBytes = new Uint8Array();

/** Read once of each SVID: with many entries this is asked often. */
const rootKeyIds = new WeakMap<X509Svid, string>();

/** Whether the chain of an SVID ends at a tainted root. */
export function isTainted(svid: X509Svid, tainted: ReadonlySet<string>): boolean {
  if (tainted.size === 0) return false;
  const last = svid.chain.at(-1);
  const known = rootKeyIds.get(svid) ?? (last && parseCertificate(last).authorityKeyId) ?? '';
  rootKeyIds.set(svid, known);
  return tainted.has(known);
}

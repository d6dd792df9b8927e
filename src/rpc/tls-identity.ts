// Our own side of a TLS connection, and what the other side shows.
import { constants, type X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';

/** What proves one end of a connection; an X509Svid is one. */
export interface TlsIdentity {
  /** DER, the leaf first. */
  readonly chain: readonly Uint8Array[];
  /** PKCS #8 DER, unencrypted. */
  readonly privateKey: Uint8Array;
}

/** Nobody's chain is longer than this, and each certificate is looked at before it is trusted. */
const longestChain = 10;

/**
 * Decides whether a chain as presented (DER, leaf first, never empty) is acceptable. Nothing but the
 * handshake itself, which proves possession of the leaf's key, has been checked before.
 *
 * @throws whatever; the connection ends
 */
export type VerifyPeer = (chain: readonly Uint8Array[]) => void;

/**
 * TLS 1.2 and later, no list of authorities (we verify, not OpenSSL), no tickets: a resumed session
 * would skip verification.
 */
export function secureContextOf(identity?: TlsIdentity): SecureContext {
  const { SSL_OP_NO_TICKET, SSL_OP_NO_RENEGOTIATION } = constants;
  return createSecureContext({
    ca: [],
    minVersion: 'TLSv1.2',
    secureOptions: SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION,
    ...(identity && {
      cert: identity.chain.map((certificate) => pem('CERTIFICATE', certificate)).join(''),
      key: pem('PRIVATE KEY', identity.privateKey),
    }),
  });
}

function pem(label: string, der: Uint8Array): string {
  const lines = Buffer.from(der)
    .toString('base64')
    .replaceAll(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

/** The chain the other end presented, DER, leaf first; empty if it presented none. */
export function presentedChain(socket: TLSSocket): readonly Uint8Array[] {
  const chain: Uint8Array[] = [];
  let certificate = socket.getPeerX509Certificate();
  while (certificate !== undefined && chain.length < longestChain) {
    chain.push(certificate.raw);
    const issuer: X509Certificate | undefined = certificate.issuerCertificate;
    certificate = issuer?.fingerprint256 === certificate.fingerprint256 ? undefined : issuer;
  }
  return chain;
}

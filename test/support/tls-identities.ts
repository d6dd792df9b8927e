// Certificates for both ends of test connections, with nothing in them but a name and a signature.
// oxlint-disable-next-line import/no-unassigned-import -- the library below needs it loaded first
import 'reflect-metadata';
import { createPrivateKey, webcrypto, X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { TlsIdentity, VerifyPeer } from '../../src/rpc/tls-identity.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

export interface TestAuthority {
  readonly certificate: Uint8Array;
  /** An identity with a SPIFFE ID, valid for a century. `extra` certificates follow the leaf. */
  issue(spiffeId: string, extra?: readonly Uint8Array[]): Promise<TlsIdentity>;
  /** An authority below this one. */
  subordinate(name: string): Promise<TestAuthority>;
  /** Accepts leaves signed by this authority, and tells what it was shown. */
  verifier(seen?: (chain: readonly Uint8Array[]) => void): VerifyPeer;
}

export async function testAuthority(name = 'CN=test', above?: Signer): Promise<TestAuthority> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await certify(name, keys, above ?? { name, keys }, [
    new x509.BasicConstraintsExtension(true, undefined, true),
  ]);
  const signer: Signer = { name, keys };
  return {
    certificate,
    async issue(spiffeId, extra = []) {
      const leafKeys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
      const san = new x509.SubjectAlternativeNameExtension([{ type: 'url', value: spiffeId }]);
      const leaf = await certify('CN=leaf', leafKeys, signer, [san]);
      const privateKey = await webcrypto.subtle.exportKey('pkcs8', leafKeys.privateKey);
      return { chain: [leaf, ...extra], privateKey: new Uint8Array(privateKey) };
    },
    subordinate: (lower) => testAuthority(lower, signer),
    verifier: (seen) => (chain) => {
      seen?.(chain);
      const [leaf] = chain;
      const authority = new X509Certificate(certificate);
      if (leaf === undefined || !new X509Certificate(leaf).verify(authority.publicKey)) {
        throw new Error('signed by another');
      }
    },
  };
}

interface Signer {
  readonly name: string;
  readonly keys: webcrypto.CryptoKeyPair;
}

let serial = 0;

async function certify(
  subject: string,
  keys: webcrypto.CryptoKeyPair,
  signer: Signer,
  extensions: x509.Extension[],
): Promise<Uint8Array> {
  serial += 1;
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: serial.toString(16).padStart(4, '0'),
      subject,
      issuer: signer.name,
      notBefore: new Date('2020-01-01'),
      notAfter: new Date('2120-01-01'),
      signingAlgorithm: algorithm,
      publicKey: keys.publicKey,
      signingKey: signer.keys.privateKey,
      extensions,
    },
    webcrypto,
  );
  return new Uint8Array(certificate.rawData);
}

/** The identity as files for other programs. */
export function pemOfIdentity({ chain, privateKey }: TlsIdentity): { cert: string; key: string } {
  const key = createPrivateKey({ key: Buffer.from(privateKey), format: 'der', type: 'pkcs8' });
  return {
    cert: chain.map((der) => new X509Certificate(der).toString()).join(''),
    key: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

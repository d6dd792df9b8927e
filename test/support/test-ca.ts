// A CA for tests: a root, an issuer below it, and leaves, by the same code that issues in production.
import type { KeyObject } from 'node:crypto';
import { buildIssuer, buildRoot } from '../../src/pki/ca-certificate.ts';
import { CertificateLint } from '../../src/pki/certificate-lint.ts';
import { type Sign, signCertificate } from '../../src/pki/certificate-sign.ts';
import { CertificateTemplate } from '../../src/pki/certificate-template.ts';
import { parseCertificate, type Certificate } from '../../src/pki/certificate.ts';
import { generateKeyPair, type KeyPair, spkiOf } from '../../src/pki/key.ts';
import { parseProfile, type Profile } from '../../src/pki/profile.ts';
import { SerialSource } from '../../src/pki/serial.ts';
import type { Clock } from '../../src/runtime/clock.ts';
import { parseSpiffeId } from '../../src/spiffe/spiffe-id.ts';
import { parseTrustDomain, type TrustDomain } from '../../src/spiffe/trust-domain.ts';
import { manualClock } from './manual-clock.ts';

export interface TestCaOptions {
  readonly clock?: Pick<Clock, 'unixMs'>;
  readonly trustDomain?: string;
  readonly profile?: Profile;
}

export interface LeafOptions {
  readonly spiffeId?: string;
  readonly dnsNames?: readonly string[];
  readonly ttlSeconds?: number;
  readonly keys?: KeyPair;
  /** SubjectPublicKeyInfo, instead of `keys`. */
  readonly spki?: Buffer;
  readonly sign?: Sign;
}

export interface TestLeaf {
  readonly certificate: Certificate;
  readonly privateKey: KeyObject;
  /** DER, leaf then issuer. */
  readonly chain: readonly Buffer[];
}

export interface TestCa {
  readonly trustDomain: TrustDomain;
  readonly root: Certificate;
  readonly rootKey: KeyObject;
  readonly issuer: Certificate;
  readonly issuerKey: KeyObject;
  readonly serials: SerialSource;
  /** Unix seconds, now. */
  now(): number;
  leaf(options?: LeafOptions): TestLeaf;
}

export const workloadProfile = parseProfile({ name: 'workload', maxTtlSeconds: 86_400 });

const day = 86_400;

export async function testCa({
  clock = manualClock(),
  trustDomain: name = 'prod.example',
  profile = workloadProfile,
}: TestCaOptions = {}): Promise<TestCa> {
  const trustDomain = parseTrustDomain(name);
  const serials = new SerialSource(clock);
  const now = (): number => Math.floor(clock.unixMs() / 1000);
  const rootKeys = generateKeyPair();
  const issuerKeys = generateKeyPair();
  const common = { trustDomain, notBefore: now() - 10 };
  const root = await buildRoot(
    { ...common, serial: serials.next(), notAfter: now() + 3650 * day },
    rootKeys,
  );
  const issuer = await buildIssuer(
    {
      ...common,
      spki: spkiOf(issuerKeys.publicKey),
      serial: serials.next(),
      notAfter: now() + 30 * day,
    },
    root,
    rootKeys.privateKey,
  );
  const { subjectKeyId = '', subject } = issuer;
  const template = new CertificateTemplate({ subject, subjectKeyId }, profile);
  const lint = new CertificateLint(issuer, profile);

  return {
    trustDomain,
    root,
    rootKey: rootKeys.privateKey,
    issuer,
    issuerKey: issuerKeys.privateKey,
    serials,
    now,
    leaf(options = {}) {
      const { keys = generateKeyPair(), dnsNames = [], ttlSeconds = 3600, sign } = options;
      const spki = options.spki ?? spkiOf(keys.publicKey);
      const order = {
        spki,
        spiffeId: parseSpiffeId(options.spiffeId ?? `spiffe://${name}/w`),
        dnsNames,
      };
      const tbs = template.draft({
        ...order,
        notBefore: now() - profile.backdateSeconds,
        notAfter: now() + ttlSeconds,
        serial: serials.next(),
      });
      const der = signCertificate(lint.check(tbs, order), issuerKeys.privateKey, sign);
      const certificate = parseCertificate(der);
      return { certificate, privateKey: keys.privateKey, chain: [der, issuer.der] };
    },
  };
}

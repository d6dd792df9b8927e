// The way of one certificate: request, proof of possession, names, draft, lint, signature, leaf. No I/O,
// no waiting, no decision of who may have what.
import { hash, type KeyObject } from 'node:crypto';
import type { Origin } from '../audit/ledger.ts';
import { CertificateLint } from '../pki/certificate-lint.ts';
import { type Sign, signCertificate } from '../pki/certificate-sign.ts';
import { CertificateTemplate } from '../pki/certificate-template.ts';
import { parseCertificate } from '../pki/certificate.ts';
import { type CertificateRequest, checkPossession, parseCsr, requestedNames } from '../pki/csr.ts';
import { checkDnsNames } from '../pki/dns-name.ts';
import { parseProfile, type Profile, type ProfileConfig } from '../pki/profile.ts';
import type { SerialSource } from '../pki/serial.ts';
import { SignetError } from '../runtime/errors.ts';
import { pathOf, trustDomainOf } from '../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../spiffe/trust-domain.ts';
import type { Order } from './issuance.ts';
import { encodeIssuedLeaf } from './issued-leaf.ts';

/** What issuance works with; plain data and a key, so that it can be posted to a thread. */
export interface PipelineSetup {
  readonly trustDomain: TrustDomain;
  readonly profiles: readonly ProfileConfig[];
  /** Id of the authority that signs. */
  readonly authorityId: string;
  /** DER. */
  readonly certificate: Uint8Array;
  readonly privateKey: KeyObject;
  /** SubjectPublicKeyInfo in base64 of every authority, which nobody else may have certified. */
  readonly authorityKeys: readonly string[];
}

/** A signed certificate, not to be released before its leaf is durable. */
export interface SignedLeaf {
  /** DER. */
  readonly certificate: Buffer;
  /** Lower-case hex. */
  readonly serial: string;
  /** Unix seconds. */
  readonly notBefore: number;
  /** Unix seconds. */
  readonly notAfter: number;
  /** Leaf data. */
  readonly leaf: Uint8Array;
}

interface Kind {
  readonly profile: Profile;
  readonly template: CertificateTemplate;
  readonly lint: CertificateLint;
}

export class IssuancePipeline {
  readonly #setup: PipelineSetup;
  readonly #serials: SerialSource;
  readonly #sign: Sign | undefined;
  readonly #issuerNotAfter: number;
  readonly #kinds: ReadonlyMap<string, Kind>;
  readonly #authorityKeys: ReadonlySet<string>;

  /** @throws SignetError `certificate.*`, `profile.*`, `lint.issuer` */
  constructor(setup: PipelineSetup, serials: SerialSource, sign?: Sign) {
    const issuer = parseCertificate(setup.certificate);
    const { subject, subjectKeyId = '' } = issuer;
    this.#setup = setup;
    this.#serials = serials;
    this.#sign = sign;
    this.#issuerNotAfter = issuer.notAfter;
    this.#authorityKeys = new Set(setup.authorityKeys);
    this.#kinds = new Map(
      setup.profiles.map((config) => {
        const profile = parseProfile(config);
        const template = new CertificateTemplate({ subject, subjectKeyId }, profile);
        return [profile.name, { profile, template, lint: new CertificateLint(issuer, profile) }];
      }),
    );
  }

  /**
   * @param nowMs Unix milliseconds
   * @throws SignetError `csr.*`, `key.*`, `names.*`, `der.*`, `issuance.*`, `authority.no_issuer`,
   * `lint.*`, `serial.*`; nothing was signed then
   */
  issue(order: Order, origin: Origin, nowMs: number): SignedLeaf {
    const kind = this.#kinds.get(order.profile);
    if (kind === undefined) throw new SignetError('issuance.profile');
    this.#checkIdentity(order);
    const csr = parseCsr(order.csr);
    checkPossession(csr);
    checkRequestedNames(csr, order);
    if (this.#authorityKeys.has(csr.spki.toString('base64'))) {
      throw new SignetError('issuance.authority_key');
    }
    const { notBefore, notAfter } = this.#validity(order, kind.profile, nowMs);
    const serial = this.#serials.next();
    const { spiffeId, dnsNames } = order;
    const decided = { spki: csr.spki, spiffeId, dnsNames };
    const tbs = kind.template.draft({ ...decided, notBefore, notAfter, serial });
    const linted = kind.lint.check(tbs, decided);
    const certificate = signCertificate(linted, this.#setup.privateKey, this.#sign);
    const text = serial.toString('hex');
    const leaf = encodeIssuedLeaf({
      t: 'x509.issued',
      ts: nowMs,
      req: origin.requestId,
      actor: origin.actor,
      ca: this.#setup.authorityId,
      serial: text,
      spiffe_id: spiffeId,
      nb: notBefore,
      na: notAfter,
      spki: hash('sha256', csr.spki, 'base64url'),
      cert: hash('sha256', certificate, 'base64url'),
      profile: order.profile,
      ...(order.entry === undefined ? {} : { entry: order.entry }),
      ...(order.node === undefined ? {} : { node: order.node }),
      ...(order.attestor === undefined ? {} : { attestor: order.attestor }),
    });
    return { certificate, serial: text, notBefore, notAfter, leaf };
  }

  #checkIdentity({ spiffeId, dnsNames }: Order): void {
    if (trustDomainOf(spiffeId) !== this.#setup.trustDomain || pathOf(spiffeId) === '') {
      throw new SignetError('issuance.spiffe_id');
    }
    checkDnsNames(dnsNames);
  }

  /** Cut to what the profile, the order and the issuer allow. */
  #validity({ ttlSeconds, notAfter: orderEnd = Infinity }: Order, profile: Profile, nowMs: number) {
    const now = Math.floor(nowMs / 1000);
    if (this.#issuerNotAfter <= now) throw new SignetError('authority.no_issuer');
    if (orderEnd <= now) throw new SignetError('issuance.order_expired');
    const wished = ttlSeconds >= 1 ? Math.floor(ttlSeconds) : profile.defaultTtlSeconds;
    const end = now + Math.min(wished, profile.maxTtlSeconds);
    return {
      notBefore: now - profile.backdateSeconds,
      notAfter: Math.min(end, Math.floor(orderEnd), this.#issuerNotAfter),
    };
  }
}

/** Workloads say which identity they mean; what agents and servers ask for is passed over. */
function checkRequestedNames(csr: CertificateRequest, { profile, spiffeId }: Order): void {
  if (profile !== 'workload') return;
  const { uris } = requestedNames(csr);
  if (uris.length !== 1 || uris[0] !== spiffeId) throw new SignetError('issuance.uri');
}

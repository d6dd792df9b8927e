// Makes authorities, in the order that leaves a record whatever happens in between: key, draft, intent in
// the log, signature by the CA key, authority in the log, and only then is the key kept for good.
import { randomUUID } from 'node:crypto';
import type { Ledger, Origin } from '../audit/ledger.ts';
import { prepareIssuer, prepareRoot, signAuthority } from '../pki/ca-certificate.ts';
import { parseCertificate } from '../pki/certificate.ts';
import { spkiOf } from '../pki/key.ts';
import { SerialSource } from '../pki/serial.ts';
import type { Clock } from '../runtime/clock.ts';
import { failpoint } from '../runtime/failpoint.ts';
import type { TrustDomain } from '../spiffe/trust-domain.ts';
import type { Authority, AuthorityRole } from './authority.ts';
import type { AuthoritySettings } from './authority-settings.ts';
import type { AuthorityChanges } from './changes.ts';
import { type KeyManager, requireKey, type Signer } from './key-manager.ts';

export interface AuthorityFactoryOptions {
  readonly ledger: Ledger<AuthorityChanges>;
  readonly keys: KeyManager;
  readonly clock: Clock;
  readonly trustDomain: TrustDomain;
  readonly settings: AuthoritySettings;
}

/** A new authority and its key. */
export interface MadeAuthority {
  readonly authority: Authority;
  readonly signer: Signer;
}

/** Signs the bytes of an authority's certificate: with its own key for a root. */
interface Parent {
  readonly id: string;
  readonly signer: Signer;
}

export class AuthorityFactory {
  readonly #options: AuthorityFactoryOptions;
  readonly #serials: SerialSource;

  constructor(options: AuthorityFactoryOptions) {
    this.#options = options;
    this.#serials = new SerialSource(options.clock);
  }

  /** A self-signed root, active at once. @throws SignetError `store.*`, `lint.*`, `serial.*` */
  async makeRoot(): Promise<MadeAuthority> {
    const { keys, settings } = this.#options;
    const signer = await keys.draft();
    const order = this.#order(signer, settings.rootTtlSeconds);
    const prepared = await prepareRoot(order);
    return this.#make(prepared, signer, { id: prepared.id, signer }, 'root', 'active');
  }

  /**
   * An issuer below a root, whose key is read for this one signature.
   *
   * @throws SignetError `key.*` of the root's key, `store.*`, `lint.*`, `serial.*`
   */
  async makeIssuer(root: Authority, state: 'prepared' | 'active'): Promise<MadeAuthority> {
    const { keys, settings } = this.#options;
    const certificate = parseCertificate(root.certificate);
    const parent = { id: root.id, signer: await requireKey(keys, root.id, certificate.spki) };
    const signer = await keys.draft();
    const order = this.#order(signer, settings.issuerTtlSeconds, root.notAfter);
    const prepared = await prepareIssuer(order, certificate);
    return this.#make(prepared, signer, parent, 'issuer', state);
  }

  #order(signer: Signer, ttlSeconds: number, end = Infinity) {
    const { clock, trustDomain, settings } = this.#options;
    const now = Math.floor(clock.unixMs() / 1000);
    return {
      trustDomain,
      spki: spkiOf(signer.publicKey),
      serial: this.#serials.next(),
      notBefore: now - settings.backdateSeconds,
      notAfter: Math.min(now + ttlSeconds, end),
    };
  }

  async #make(
    prepared: Awaited<ReturnType<typeof prepareRoot>>,
    signer: Signer,
    parent: Parent,
    role: AuthorityRole,
    state: 'prepared' | 'active',
  ): Promise<MadeAuthority> {
    const { ledger, keys, clock } = this.#options;
    const origin: Origin = { actor: 'system:signet', requestId: randomUUID() };
    const { id, tbsHash } = prepared;
    failpoint('authority.after-key');
    const intent = { authorityId: id, parentId: parent.id, tbsHash, role };
    await ledger.commit('authority.intent', intent, origin);
    failpoint('authority.after-intent');
    const { der, notBefore, notAfter } = signAuthority(prepared, parent.signer.privateKey);
    failpoint('authority.after-sign');
    const authority: Authority = {
      id,
      role,
      state,
      parentId: parent.id,
      certificate: Uint8Array.from(der),
      notBefore,
      notAfter,
      createdAt: clock.unixMs(),
    };
    await ledger.commit('authority.create', authority, origin);
    failpoint('authority.after-create');
    await keys.keep(id);
    return { authority, signer };
  }
}

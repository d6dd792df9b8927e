// The authorities of this server: makes the first ones, finds the same ones again at later starts, and
// tells whoever needs it which issuer signs and what is in the bundle.
import { randomUUID } from 'node:crypto';
import type { Ledger } from '../audit/ledger.ts';
import { type Certificate, parseCertificate } from '../pki/certificate.ts';
import type { Clock } from '../runtime/clock.ts';
import { SignetError } from '../runtime/errors.ts';
import { Latest } from '../runtime/latest.ts';
import type { Logger } from '../runtime/log.ts';
import type { X509Bundle } from '../spiffe/bundle.ts';
import type { TrustDomain } from '../spiffe/trust-domain.ts';
import { type Authority, type AuthorityState, isAlive, isInBundle } from './authority.ts';
import { AuthorityFactory } from './authority-factory.ts';
import { applyChange, type AuthorityList, newest } from './authority-list.ts';
import { type AuthoritySettings, parseAuthoritySettings } from './authority-settings.ts';
import type { AuthorityChanges, AuthorityReader } from './changes.ts';
import { type KeyManager, requireKey, type Signer } from './key-manager.ts';

export interface AuthoritiesOptions {
  readonly reader: AuthorityReader;
  readonly ledger: Ledger<AuthorityChanges>;
  readonly keys: KeyManager;
  readonly clock: Clock;
  readonly log: Logger;
  readonly trustDomain: TrustDomain;
  readonly settings?: Partial<AuthoritySettings>;
}

/** The authority that signs SVIDs, with all that is needed for it. */
export interface ActiveIssuer {
  readonly authority: Authority;
  readonly certificate: Certificate;
  /** DER of what follows the leaf in a chain; the root is left out. */
  readonly chain: readonly Uint8Array[];
  readonly signer: Signer;
}

const refreshHintSeconds = 300;

export class Authorities {
  readonly settings: AuthoritySettings;
  /** Roots that verifiers are told to trust. */
  readonly bundles: Latest<X509Bundle>;
  /** The newest active issuer; none while it was taken out of use and no other is active. */
  readonly issuers: Latest<ActiveIssuer | undefined>;
  readonly #options: AuthoritiesOptions;
  readonly #factory: AuthorityFactory;
  /** Of issuers that sign or will. */
  readonly #signers = new Map<string, Signer>();
  readonly #drains: (() => Promise<void>)[] = [];
  #list: AuthorityList;

  private constructor(options: AuthoritiesOptions, list: AuthorityList) {
    this.#options = options;
    this.settings = parseAuthoritySettings(options.settings);
    this.#factory = new AuthorityFactory({ ...options, settings: this.settings });
    this.#list = list;
    this.bundles = new Latest(this.#bundle());
    this.issuers = new Latest<ActiveIssuer | undefined>(undefined);
    options.ledger.onCommitted((change) => {
      const after = applyChange(this.#list, change);
      if (after === this.#list) return;
      this.#list = after;
      this.#publish();
    });
  }

  /**
   * Makes a root and an issuer, both active, if there are none, and otherwise loads the keys of those
   * there are. Keys of authorities that never came to be are destroyed.
   *
   * @throws SignetError `key.missing`, `key.permissions`, `key.damaged`, `key.mismatch` for a key of an
   * active or prepared authority, `authority.no_root`, `authority.settings`, `store.*`
   */
  static async open(options: AuthoritiesOptions): Promise<Authorities> {
    const { reader } = options;
    const list = {
      authorities: await reader.authorities(),
      sequence: await reader.bundleSequence(),
    };
    const authorities = new Authorities(options, list);
    await authorities.#settleKeys();
    await authorities.#openRoot();
    await authorities.#openIssuers();
    return authorities;
  }

  /** All that were ever created, the oldest first. */
  list(): readonly Authority[] {
    return this.#list.authorities;
  }

  bundle(): X509Bundle {
    return this.bundles.value;
  }

  /** @throws SignetError `authority.no_issuer` if there is none, or it has ended */
  activeIssuer(): ActiveIssuer {
    const issuer = this.issuers.value;
    if (issuer === undefined || !isAlive(issuer.authority, this.#now())) {
      throw new SignetError('authority.no_issuer');
    }
    return issuer;
  }

  /** Whether what it signed may be released: it is active, or handing over to the next. */
  isSigning(id: string): boolean {
    const authority = this.#list.authorities.find((known) => known.id === id);
    return authority?.state === 'active' || authority?.state === 'retiring';
  }

  /**
   * Makes the issuer that comes next, below the active root.
   *
   * @throws SignetError `authority.no_root`, `key.*`, `store.*`
   */
  async makeIssuer(state: 'prepared' | 'active'): Promise<Authority> {
    const root = this.activeRoot();
    if (root === undefined) throw new SignetError('authority.no_root');
    const { authority, signer } = await this.#factory.makeIssuer(root, state);
    this.#signers.set(authority.id, signer);
    this.#publish();
    return authority;
  }

  /** The newest active root that has not ended. */
  activeRoot(): Authority | undefined {
    const root = newest(this.#list, 'root', 'active');
    return root !== undefined && isAlive(root, this.#now()) ? root : undefined;
  }

  /**
   * Moves an authority on. Before an issuer stops signing, what it has signed is waited for, so that
   * the log has nothing of it after that.
   *
   * @throws SignetError `authority.not_found`, `authority.transition`, `store.*`
   */
  async transition(id: string, to: AuthorityState): Promise<Authority> {
    const { ledger, keys } = this.#options;
    if (to !== 'active') for (const drain of this.#drains) await drain();
    const origin = { actor: 'system:signet', requestId: randomUUID() };
    const { result } = await ledger.commit('authority.transition', { id, to }, origin);
    if (result.role === 'issuer' && (to === 'retired' || to === 'revoked')) {
      this.#signers.delete(id);
      await keys.delete(id);
    }
    return result;
  }

  /** @param drain resolves once nothing that was signed so far is still on its way into the log */
  drainBeforeRetiring(drain: () => Promise<void>): void {
    this.#drains.push(drain);
  }

  async #settleKeys(): Promise<void> {
    const { keys, log } = this.#options;
    for (const { id, role, state } of this.#list.authorities) {
      if (role === 'issuer' && (state === 'retired' || state === 'revoked')) await keys.delete(id);
    }
    for (const id of await keys.drafts()) {
      if (this.#list.authorities.some((known) => known.id === id)) {
        await keys.keep(id);
      } else {
        log.info({ key: id }, 'destroying the key of an authority that was never created');
        await keys.delete(id);
      }
    }
  }

  /** The key is read now, so that a fault shows at the start and not in a month, and let go again. */
  async #openRoot(): Promise<void> {
    const hasAny = this.#list.authorities.some(({ role }) => role === 'root');
    if (!hasAny) await this.#factory.makeRoot();
    const root = this.activeRoot();
    if (root === undefined) throw new SignetError('authority.no_root');
    await requireKey(this.#options.keys, root.id, parseCertificate(root.certificate).spki);
  }

  async #openIssuers(): Promise<void> {
    for (const { id, role, state, certificate } of this.#list.authorities) {
      if (role !== 'issuer' || (state !== 'active' && state !== 'prepared')) continue;
      const { spki } = parseCertificate(certificate);
      this.#signers.set(id, await requireKey(this.#options.keys, id, spki));
    }
    this.#publish();
    const issuer = this.issuers.value;
    if (issuer === undefined || !isAlive(issuer.authority, this.#now())) {
      await this.makeIssuer('active');
    }
  }

  #publish(): void {
    const next = newest(this.#list, 'issuer', 'active');
    const signer = next && this.#signers.get(next.id);
    if (next === undefined) this.issuers.set(undefined);
    // a new one has its key just after it was created; until then the one before signs
    else if (signer !== undefined && next.id !== this.issuers.value?.authority.id) {
      this.issuers.set(issuerOf(next, signer));
    }
    if (this.#list.sequence !== this.bundle().sequence) this.bundles.set(this.#bundle());
  }

  #bundle(): X509Bundle {
    const { authorities, sequence } = this.#list;
    return {
      trustDomain: this.#options.trustDomain,
      authorities: authorities.filter(isInBundle).map(({ certificate }) => certificate),
      sequence,
      refreshHintSeconds,
    };
  }

  #now(): number {
    return Math.floor(this.#options.clock.unixMs() / 1000);
  }
}

function issuerOf(authority: Authority, signer: Signer): ActiveIssuer {
  const certificate = parseCertificate(authority.certificate);
  return { authority, certificate, chain: [authority.certificate], signer };
}

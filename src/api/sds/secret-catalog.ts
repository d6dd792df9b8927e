// Which secret a name stands for, out of what a caller may have. The names are SPIRE's: a SPIFFE ID or
// `default` is a certificate; the ID of a trust domain, `ROOTCA` or `ALL` what to check peers with.
//
// Which validator: Envoy's SPIFFE validator unless told otherwise, as SPIRE does, since it alone keeps
// the roots of federated trust domains apart: with the default validator a federated root could vouch
// for names of ours. The default validator (`plain`) is for who needs what only it does, and for Envoys
// up to 1.17, which have no other; the options or the node's metadata ask for it (see node.ts). A
// bundle of several trust domains is never served plain.
import type { Identity, IdentityView } from '../identity-source.ts';
import { SignetError } from '../../runtime/errors.ts';
import type { X509Bundle } from '../../spiffe/bundle.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import {
  certificateSecret,
  type EncodedSecret,
  plainBundleSecret,
  spiffeBundleSecret,
  type Validator,
} from './secret.ts';
import { lintBundle, lintExpiry, lintSvid } from './secret-lint.ts';
import { TupleCache } from './tuple-cache.ts';

/** The names that are no SPIFFE IDs. Istio knows the first two as well. */
export interface SecretNames {
  /** The caller's first identity. */
  readonly default: string;
  /** The bundle of the own trust domain. */
  readonly rootca: string;
  /** All bundles, own and federated. */
  readonly all: string;
}

export const usualNames: SecretNames = { default: 'default', rootca: 'ROOTCA', all: 'ALL' };

/** What a name comes to for one caller at one moment. */
export type Found =
  | { readonly state: 'present'; readonly secret: EncodedSecret }
  /** May still come. */
  | { readonly state: 'pending' }
  /** There, but it would not work, so that it is kept back: what the sidecar has is better. */
  | { readonly state: 'unfit' }
  /** Not the caller's, or nobody's; it is not told which. */
  | { readonly state: 'denied' };

/** Told once of each SVID and each bundle that is kept back. */
export type ReportUnfit = (name: string, error: SignetError) => void;

/** The checks a secret passes before it is sent. @throws SignetError whatever is wrong with it */
export interface SecretLint {
  svid(svid: Identity['svid']): void;
  expiry(svid: Identity['svid'], unixMs: number): void;
  bundle(bundle: X509Bundle): void;
}

export const secretLint: SecretLint = { svid: lintSvid, expiry: lintExpiry, bundle: lintBundle };

export interface CatalogOptions {
  readonly names?: SecretNames;
  readonly lint?: SecretLint;
  readonly reportUnfit?: ReportUnfit;
}

const scheme = 'spiffe://';

export class SecretCatalog {
  readonly #names: SecretNames;
  readonly #lint: SecretLint;
  readonly #reportUnfit: ReportUnfit;
  /** Each secret is encoded once for all streams that share it. */
  readonly #secrets = new TupleCache<EncodedSecret>();
  readonly #verdicts = new TupleCache<{ readonly fit: boolean }>();

  constructor({
    names = usualNames,
    lint = secretLint,
    reportUnfit = () => undefined,
  }: CatalogOptions = {}) {
    this.#names = names;
    this.#lint = lint;
    this.#reportUnfit = reportUnfit;
  }

  /** @throws SignetError `sds.all_plain` */
  find(view: IdentityView, name: string, validator: Validator, unixMs: number): Found {
    const { identities, bundles, trustDomain, pending } = view;
    const missing: Found = { state: pending ? 'pending' : 'denied' };
    if (identities.length === 0) return missing; // nobody in particular may have nothing
    if (name === this.#names.all) return this.#all(view, validator);

    const ofTrustDomain = name === this.#names.rootca ? trustDomain : bundleName(name);
    if (ofTrustDomain !== undefined) {
      const bundle = bundles.get(ofTrustDomain);
      if (bundle !== undefined) return this.#bundle(name, bundle, validator);
      return ofTrustDomain === trustDomain ? { state: 'pending' } : missing;
    }
    const identity =
      name === this.#names.default
        ? identities[0]
        : identities.find(({ svid }) => svid.spiffeId === name);
    return identity === undefined ? missing : this.#certificate(name, identity, unixMs);
  }

  #certificate(name: string, { svid }: Identity, unixMs: number): Found {
    const isFit =
      this.#isFit(svid, 'svid', name, () => this.#lint.svid(svid)) &&
      this.#isFresh(name, svid, unixMs);
    if (!isFit) return { state: 'unfit' };
    const secret = this.#secrets.get([svid], name, () => certificateSecret(name, svid));
    return { state: 'present', secret };
  }

  #bundle(name: string, bundle: X509Bundle, validator: Validator): Found {
    if (!this.#isFit(bundle, 'bundle', name, () => this.#lint.bundle(bundle)))
      return { state: 'unfit' };
    const secret = this.#secrets.get([bundle], `${validator} ${name}`, () =>
      validator === 'plain' ? plainBundleSecret(name, bundle) : spiffeBundleSecret(name, [bundle]),
    );
    return { state: 'present', secret };
  }

  /** A federated bundle that is unfit is left out, and does no harm to the others. */
  #all({ bundles, trustDomain }: IdentityView, validator: Validator): Found {
    if (validator === 'plain') throw new SignetError('sds.all_plain');
    const name = this.#names.all;
    const fit = [...bundles.values()]
      .filter((bundle) => this.#isFit(bundle, 'bundle', name, () => this.#lint.bundle(bundle)))
      .toSorted((a, b) => (a.trustDomain < b.trustDomain ? -1 : 1));
    if (!fit.some((bundle) => bundle.trustDomain === trustDomain)) return { state: 'pending' };
    const secret = this.#secrets.get(fit, `all ${name}`, () => spiffeBundleSecret(name, fit));
    return { state: 'present', secret };
  }

  /** The one check whose outcome changes, so that only a failure is remembered. */
  #isFresh(name: string, svid: Identity['svid'], unixMs: number): boolean {
    try {
      this.#lint.expiry(svid, unixMs);
      return true;
    } catch (error) {
      return this.#isFit(svid, 'expiry', name, () => {
        throw error;
      });
    }
  }

  /** A verdict is passed once on each object, and reported once. */
  #isFit(subject: object, check: string, name: string, lint: () => void): boolean {
    const { fit } = this.#verdicts.get([subject], check, () => {
      try {
        lint();
        return { fit: true };
      } catch (error) {
        this.#reportUnfit(name, SignetError.from(error));
        return { fit: false };
      }
    });
    return fit;
  }
}

/** The trust domain of a name that is its ID; whether it is well formed shows when it is looked up. */
function bundleName(name: string): TrustDomain | undefined {
  if (!name.startsWith(scheme) || name.includes('/', scheme.length)) return undefined;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only compared with those that are
  return name.slice(scheme.length) as TrustDomain;
}

// A source of identities that does what the test says, with real certificates.
import type {
  Caller,
  Identity,
  IdentitySource,
  IdentityView,
} from '../../src/api/identity-source.ts';
import { privateKeyDer } from '../../src/pki/key.ts';
import { Latest } from '../../src/runtime/latest.ts';
import type { X509Bundle } from '../../src/spiffe/bundle.ts';
import { parseSpiffeId } from '../../src/spiffe/spiffe-id.ts';
import type { X509Svid } from '../../src/spiffe/svid.ts';
import { parseTrustDomain, type TrustDomain } from '../../src/spiffe/trust-domain.ts';
import type { LeafOptions, TestCa } from './test-ca.ts';

/** A new SVID of the CA. */
export function testSvid(ca: TestCa, options: LeafOptions = {}): X509Svid {
  const { certificate, chain, privateKey } = ca.leaf(options);
  const { serial, notBefore, notAfter } = certificate;
  return {
    spiffeId: parseSpiffeId(options.spiffeId ?? `spiffe://${ca.trustDomain}/w`),
    chain,
    privateKey: privateKeyDer(privateKey),
    serial,
    notBefore,
    notAfter,
  };
}

/** The bundle of the CA's root, or of several CAs of one trust domain. */
export function testBundle(ca: TestCa, ...others: readonly TestCa[]): X509Bundle {
  return {
    trustDomain: ca.trustDomain,
    authorities: [ca, ...others].map(({ root }) => root.der),
    sequence: 1,
    refreshHintSeconds: 300,
  };
}

export function testIdentity(
  svid: X509Svid,
  { entryId = 'entry-1', hint = '' }: Partial<Identity> = {},
): Identity {
  return { entryId, hint, svid };
}

/** What a caller may have: these SVIDs as entries 1, 2 and so on, and these bundles, the own one first. */
export function testView(
  svids: readonly X509Svid[],
  bundles: readonly X509Bundle[],
  changes: Partial<IdentityView> = {},
): IdentityView {
  const trustDomain: TrustDomain = bundles[0]?.trustDomain ?? parseTrustDomain('prod.example');
  return {
    identities: svids.map((svid, index) => testIdentity(svid, { entryId: `entry-${index + 1}` })),
    trustDomain,
    bundles: new Map(bundles.map((bundle) => [bundle.trustDomain, bundle])),
    pending: false,
    ...changes,
  };
}

/** Every caller's view is its own; it is undecided until the test sets it. */
export class TestSource implements IdentitySource {
  readonly #views = new Map<number, Latest<IdentityView>>();
  /** How many watches there have been. */
  watches = 0;

  of(pid: number = process.pid): Latest<IdentityView> {
    let view = this.#views.get(pid);
    if (view === undefined) {
      view = new Latest(testView([], [], { pending: true }));
      this.#views.set(pid, view);
    }
    return view;
  }

  watch({ process: { pid } }: Caller, signal: AbortSignal): AsyncIterable<IdentityView> {
    this.watches += 1;
    return this.of(pid).watch(signal);
  }
}

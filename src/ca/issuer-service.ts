// Issuance as the rest of Signet sees it: orders in, certificates out, and none of them before its leaf
// is durable.
import type { Changes, Committed, Ledger, Origin } from '../audit/ledger.ts';
import { parseCertificate } from '../pki/certificate.ts';
import type { ProfileConfig } from '../pki/profile.ts';
import { SignetError } from '../runtime/errors.ts';
import { failpoint } from '../runtime/failpoint.ts';
import type { Logger } from '../runtime/log.ts';
import type { SpiffeId } from '../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../spiffe/trust-domain.ts';
import type { ActiveIssuer, Authorities } from './authorities.ts';
import type { Issued, IssuanceService, Order, Outcome } from './issuance.ts';
import { errorOf, type Refused, type SignedJob, type SignedOutcome } from './issuance-protocol.ts';
import type { IssuanceThreads } from './issuance-thread.ts';

/** What issuance records by itself; the registry declares the same kind. */
export type RefusalChanges = {
  'refusal.record': {
    input: { kind: string; reason: string; spiffeId?: SpiffeId; node?: SpiffeId; target?: string };
    result: null;
  };
};

export interface IssuerServiceOptions<C extends Changes & RefusalChanges> {
  readonly authorities: Authorities;
  readonly threads: IssuanceThreads;
  readonly ledger: Ledger<C>;
  readonly log: Logger;
  readonly trustDomain: TrustDomain;
  /** One for each ProfileName. */
  readonly profiles: readonly ProfileConfig[];
}

/** An answer from the thread, with the issuer that signed it. */
interface Signed extends SignedJob {
  readonly issuer: ActiveIssuer;
}

/** Larger calls are signed and logged in parts of this size, at the same time. */
const ordersPerPart = 64;
const maxOrders = 1000;
/** 80 random bits do not collide; should they, something is wrong that trying again will not mend. */
const maxAttempts = 3;

export class IssuerService<C extends Changes & RefusalChanges> implements IssuanceService<C> {
  readonly #options: IssuerServiceOptions<C>;
  readonly #underWay = new Set<Promise<unknown>>();
  /** The one in use, and the one before, whose answers may still come. */
  #issuers: readonly ActiveIssuer[] = [];
  #usedKeys = '';

  /** @throws SignetError `issuance.ttl` */
  constructor(options: IssuerServiceOptions<C>) {
    const { authorities, profiles } = options;
    const { svidMaxTtlSeconds } = authorities.settings;
    // an issuer is retired when leaves of this length must have ended
    if (profiles.some(({ maxTtlSeconds }) => maxTtlSeconds > svidMaxTtlSeconds)) {
      throw new SignetError('issuance.ttl');
    }
    this.#options = options;
    authorities.drainBeforeRetiring(() => this.#drain());
  }

  async issue(orders: readonly Order[], origin: Origin): Promise<readonly Outcome[]> {
    if (orders.length > maxOrders) {
      throw new SignetError('issuance.too_many', { details: { limit: maxOrders } });
    }
    const parts: (readonly Order[])[] = [];
    for (let at = 0; at < orders.length; at += ordersPerPart) {
      parts.push(orders.slice(at, at + ordersPerPart));
    }
    const outcomes = await Promise.all(
      parts.map((part) => this.#track(this.#issuePart(part, origin))),
    );
    return outcomes.flat();
  }

  async issueWith<K extends keyof C & string>(
    order: Order,
    kind: K,
    change: (issued: Issued) => C[K]['input'],
    origin: Origin,
  ): Promise<{ issued: Issued; committed: Committed<C[K]['result']> }> {
    const { ledger } = this.#options;
    return this.#track(
      this.#logged([order], origin, async (signed) => {
        const [outcome] = this.#outcomes([order], signed);
        if (outcome === undefined) throw new SignetError('issuance.crashed');
        if ('error' in outcome) {
          await this.#recordRefusal(order, outcome.error, origin);
          throw outcome.error;
        }
        const { issued } = outcome;
        const committed = await ledger.commit(kind, change(issued), origin, signed.leaves);
        failpoint('issuance.after-commit');
        this.#checkReleasable(signed);
        return { issued, committed };
      }),
    );
  }

  async #issuePart(orders: readonly Order[], origin: Origin): Promise<readonly Outcome[]> {
    const outcomes = await this.#logged(orders, origin, async (signed) => {
      if (signed.leaves.count > 0) await this.#options.ledger.append(signed.leaves);
      failpoint('issuance.after-commit');
      this.#checkReleasable(signed);
      return this.#outcomes(orders, signed);
    });
    await Promise.all(
      outcomes.map(async (outcome, index) => {
        const order = orders[index];
        if (order === undefined || 'issued' in outcome) return;
        await this.#recordRefusal(order, outcome.error, origin);
      }),
    );
    return outcomes;
  }

  /** Signs, and has the leaves made durable; where a serial is taken, all is signed anew. */
  async #logged<T>(
    orders: readonly Order[],
    origin: Origin,
    commit: (signed: Signed) => Promise<T>,
  ): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      const signed = await this.#sign(orders, origin);
      failpoint('issuance.after-sign');
      try {
        return await commit(signed);
      } catch (error) {
        const isTaken = error instanceof SignetError && error.reason === 'store.duplicate_serial';
        if (!isTaken || attempt === maxAttempts) throw error;
        this.#options.log.warn({ attempt }, 'a serial was taken: signing anew');
      }
    }
  }

  async #sign(orders: readonly Order[], origin: Origin): Promise<Signed> {
    this.#useActiveIssuer();
    const signed = await this.#options.threads.run({ orders, origin });
    const issuer = this.#issuers.find(({ authority }) => authority.id === signed.authorityId);
    if (issuer === undefined) throw new SignetError('authority.no_issuer');
    return { ...signed, issuer };
  }

  /** The thread gets the switch before the orders, for messages keep their order. */
  #useActiveIssuer(): void {
    const { authorities, threads, trustDomain, profiles } = this.#options;
    const issuer = authorities.activeIssuer();
    const list = authorities.list();
    const keys = list.map(({ id }) => id).join();
    const [used, ...before] = this.#issuers;
    if (issuer === used && keys === this.#usedKeys) return;
    this.#usedKeys = keys;
    if (issuer !== used) this.#issuers = [issuer, ...(used ? [used] : before)];
    threads.use({
      trustDomain,
      profiles,
      authorityId: issuer.authority.id,
      certificate: issuer.authority.certificate,
      privateKey: issuer.signer.privateKey,
      authorityKeys: list.map(({ certificate }) =>
        parseCertificate(certificate).spki.toString('base64'),
      ),
    });
  }

  #outcomes(orders: readonly Order[], { outcomes, issuer }: Signed): readonly Outcome[] {
    return orders.map((order, index): Outcome => {
      const outcome: SignedOutcome | undefined = outcomes[index];
      if (outcome === undefined) return { error: new SignetError('issuance.crashed') };
      if ('refused' in outcome) return { error: this.#refusal(outcome.refused) };
      const { certificate, serial, notBefore, notAfter } = outcome;
      const chain = [certificate, ...issuer.chain];
      return { issued: { spiffeId: order.spiffeId, chain, serial, notBefore, notAfter } };
    });
  }

  /** What is no fault of the requester is for us to look into. */
  #refusal(refused: Refused): SignetError {
    const err = errorOf(refused);
    if (err.code === 'internal') this.#options.log.error({ err }, 'a certificate was not signed');
    return err;
  }

  /** While it was signed and logged somebody may have tainted the issuer. */
  #checkReleasable({ issuer }: Signed): void {
    if (!this.#options.authorities.isSigning(issuer.authority.id)) {
      throw new SignetError('issuance.not_released');
    }
  }

  async #recordRefusal(order: Order, { reason }: SignetError, origin: Origin): Promise<void> {
    const ledger: Ledger<RefusalChanges> = this.#options.ledger;
    const { spiffeId, node, entry } = order;
    const refusal = {
      kind: 'x509.rejected',
      reason,
      spiffeId,
      ...(node === undefined ? {} : { node }),
      ...(entry === undefined ? {} : { target: entry }),
    };
    await ledger.commit('refusal.record', refusal, origin);
  }

  async #track<T>(work: Promise<T>): Promise<T> {
    this.#underWay.add(work);
    try {
      return await work;
    } finally {
      this.#underWay.delete(work);
    }
  }

  async #drain(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }
}

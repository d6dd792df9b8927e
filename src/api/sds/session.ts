// One stream, from what is known of its caller to the bytes it is sent: the variant's state machine
// joined with the catalog, the memory of refusals, and the records of what came of it.
import type { Clock } from '../../runtime/clock.ts';
import { SignetError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/log.ts';
import { assertAlive } from '../caller.ts';
import type { Caller, IdentityView } from '../identity-source.ts';
import type { Denials } from './denials.ts';
import type { EvidenceSink, Sidecar } from './evidence.ts';
import type { ClaimedNode } from './node.ts';
import { printable } from './printable.ts';
import type { Refusals } from './refusals.ts';
import type { EncodedSecret, Validator } from './secret.ts';
import type { Found, SecretCatalog } from './secret-catalog.ts';
import type { Lookup, News, Step, Stream, Version } from './subscription.ts';
import type { AnyRequest, Variant } from './variant.ts';

/** What all streams of a service share. */
export interface SessionServices {
  readonly catalog: SecretCatalog;
  readonly refusals: Refusals;
  readonly denials: Denials;
  readonly evidence: EvidenceSink;
  readonly validator: Validator;
  readonly clock: Clock;
  readonly log: Logger;
  /** For how long a name that may still come is not told to be missing. */
  readonly absentAfterMs: number;
}

const longestError = 1024;
const longestName = 2048;

export class Session<Request extends AnyRequest, N extends News, Out> {
  readonly #variant: Variant<Request, N, Out>;
  readonly #services: SessionServices;
  readonly #caller: Caller;
  readonly #node: ClaimedNode;
  /** Since when a name is awaited, in monotonic milliseconds. */
  readonly #awaited = new Map<string, number>();
  readonly #secrets = new Map<string, EncodedSecret>();
  #view: IdentityView;
  #stream: Stream<N> | undefined;

  constructor(
    variant: Variant<Request, N, Out>,
    services: SessionServices,
    caller: Caller,
    node: ClaimedNode,
    view: IdentityView,
  ) {
    this.#variant = variant;
    this.#services = services;
    this.#caller = caller;
    this.#node = node;
    this.#view = view;
  }

  /** Takes a request, and returns what to send, in order. @throws SignetError `sds.*`, `workload.exited` */
  receive(request: Request): readonly Out[] {
    const stream = this.#stream;
    const asked = this.#variant.asked(request, stream);
    this.#assertAllowed(asked);
    if (stream !== undefined) {
      return this.#take(this.#variant.receive(stream, request, this.#lookup));
    }
    const fresh = asked.filter((name) => !this.#variant.holds(request, name));
    return this.#take(this.#variant.begin(request, this.#lookup, this.#refusedExcept(fresh)));
  }

  /** Takes what the caller may have from now on. @throws SignetError `sds.denied`, `sds.no_identity`, `workload.exited` */
  see(view: IdentityView): readonly Out[] {
    this.#view = view;
    return this.refresh();
  }

  /** Looks again at what time changes. */
  refresh(): readonly Out[] {
    if (this.#stream === undefined) return [];
    this.#assertAllowed(this.#untold(this.#stream));
    return this.#take(this.#variant.refresh(this.#stream, this.#lookup));
  }

  /** In how many milliseconds to refresh though nothing happens; undefined if nothing is awaited. */
  refreshInMs(): number | undefined {
    if (!this.#variant.tellsAbsence || this.#awaited.size === 0) return undefined;
    const { clock, absentAfterMs } = this.#services;
    const now = clock.monotonicMs();
    const left = [...this.#awaited.values()]
      .map((since) => since + absentAfterMs - now)
      .filter((ms) => ms > 0);
    return left.length === 0 ? undefined : Math.min(...left);
  }

  /**
   * The names whose loss must end the stream: one never told of, for hearing that it is gone an Envoy
   * would serve without a certificate (envoy-sds 4.3), and any where there is no way to tell.
   */
  #untold({ subscriptions }: Stream<N>): readonly string[] {
    return [...subscriptions].flatMap(([name, { state }]) =>
      this.#variant.tellsAbsence && state !== 'waiting' ? [] : [name],
    );
  }

  #take(step: Step<N>): readonly Out[] {
    this.#stream = step.stream;
    for (const name of this.#awaited.keys()) {
      if (!step.stream.subscriptions.has(name)) this.#awaited.delete(name);
    }
    this.#record(step);
    if (step.send.length > 0) assertAlive(this.#caller);
    const messages = step.send.map((response) => {
      const secret =
        response.news.state === 'present' ? this.#secrets.get(response.name) : undefined;
      return this.#variant.encode(response, secret);
    });
    this.#secrets.clear();
    return messages;
  }

  readonly #lookup: Lookup = (name) => {
    const found = this.#find(name);
    if (found.state !== 'pending') this.#awaited.delete(name);
    switch (found.state) {
      case 'present':
        this.#secrets.set(name, found.secret);
        return { state: 'present', version: found.secret.version };
      case 'unfit':
        return { state: 'pending' };
      case 'denied':
        return { state: 'absent' };
      case 'pending':
        return { state: this.#isOverdue(name) ? 'absent' : 'pending' };
    }
  };

  #find(name: string): Found {
    const { catalog, clock } = this.#services;
    const validator = this.#node.validator ?? this.#services.validator;
    return catalog.find(this.#view, name, validator, clock.unixMs());
  }

  #isOverdue(name: string): boolean {
    const { clock, absentAfterMs } = this.#services;
    const now = clock.monotonicMs();
    const since = this.#awaited.get(name) ?? now;
    this.#awaited.set(name, since);
    return now - since >= absentAfterMs;
  }

  #assertAllowed(names: readonly string[]): void {
    const denied = names.filter((name) => this.#find(name).state === 'denied');
    const [first] = denied;
    if (first === undefined) return;
    const sidecar = this.#sidecar();
    for (const raw of denied) {
      const name = printable(raw, longestName);
      if (!this.#services.denials.isNews(sidecar, name)) continue;
      this.#services.evidence({ kind: 'denied', sidecar, name });
    }
    throw new SignetError(this.#view.identities.length === 0 ? 'sds.no_identity' : 'sds.denied');
  }

  #record({ evidence }: Step<N>): void {
    const { refusals, log } = this.#services;
    for (const item of evidence) {
      const sidecar = this.#sidecar();
      if (item.kind === 'accepted') {
        // it may just not have looked
        if (refusals.of(sidecar).has(item.version)) continue;
        this.#services.evidence({ ...item, sidecar });
        continue;
      }
      refusals.add(sidecar, item.version);
      const refused = { ...item, sidecar, error: printable(item.error, longestError) };
      this.#services.evidence(refused);
      const { pid, claimedNodeId } = sidecar;
      const { name, version, error } = refused;
      log.warn({ pid, claimedNodeId, secret: name, version, error }, 'a sidecar refused a secret');
    }
  }

  /**
   * What it refused before and is not sent again. A sidecar that begins a stream holding nothing is the
   * exception: it may have been mended, and is sent everything once (envoy-sds 5a.2).
   */
  #refusedExcept(fresh: readonly string[]): ReadonlySet<Version> {
    const refused = new Set(this.#services.refusals.of(this.#sidecar()));
    for (const name of fresh) {
      const found = this.#find(name);
      if (found.state === 'present') refused.delete(found.secret.version);
    }
    return refused;
  }

  #sidecar(): Sidecar {
    const { pid, uid } = this.#caller.process;
    const spiffeIds = this.#view.identities.map(({ svid }) => svid.spiffeId);
    return { spiffeIds, pid, uid, claimedNodeId: this.#node.id };
  }
}

// The secret discovery service (envoy-sds 1 to 5): hands a sidecar the SVIDs and bundles that an
// IdentitySource has for the process it is, and pushes every change.
import type { SecretDiscoveryService } from '../../gen/envoy/service/secret/v3/sds_pb.js';
import type { CallContext } from '../../rpc/call.ts';
import type { ServiceImplementation } from '../../rpc/service.ts';
import type { Clock } from '../../runtime/clock.ts';
import { Latest } from '../../runtime/latest.ts';
import type { Logger } from '../../runtime/log.ts';
import { callerOf } from '../caller.ts';
import type { IdentitySource, IdentityView } from '../identity-source.ts';
import { mapped, merge } from '../merge.ts';
import { StreamLimit } from '../stream-limit.ts';
import { Denials } from './denials.ts';
import type { EvidenceSink } from './evidence.ts';
import { fetchSecrets } from './fetch.ts';
import { readNode } from './node.ts';
import { Refusals } from './refusals.ts';
import { checkTypeUrl } from './request-limits.ts';
import type { Validator } from './secret.ts';
import {
  SecretCatalog,
  type SecretLint,
  secretLint,
  type SecretNames,
  usualNames,
} from './secret-catalog.ts';
import { Session, type SessionServices } from './session.ts';
import type { News } from './subscription.ts';
import { type AnyRequest, deltaVariant, sotwVariant, type Variant } from './variant.ts';

export interface SdsOptions {
  readonly source: IdentitySource;
  readonly clock: Clock;
  readonly log: Logger;
  readonly evidence?: EvidenceSink;
  readonly names?: SecretNames;
  /** `spiffe` unless told otherwise; secret-catalog.ts says why. */
  readonly validator?: Validator;
  /** For how long a name that may still come is not told to be missing; 5 s. */
  readonly absentAfterMs?: number;
  /** Of one process; 4096. */
  readonly maxStreamsPerProcess?: number;
  /** Instead of the usual checks, in tests of what they keep from sidecars. */
  readonly lint?: SecretLint;
}

type StreamEvent<Request> =
  | { readonly kind: 'request'; readonly request: Request }
  | { readonly kind: 'view'; readonly view: IdentityView }
  | { readonly kind: 'tick' };

/** For `bindService`. */
export function sdsService(
  options: SdsOptions,
): ServiceImplementation<typeof SecretDiscoveryService> {
  const { source, clock, log, evidence = () => undefined, names = usualNames } = options;
  const limit = new StreamLimit(options.maxStreamsPerProcess ?? 4096);
  const catalog = new SecretCatalog({
    names,
    lint: options.lint ?? secretLint,
    reportUnfit(name, error) {
      evidence({ kind: 'unfit', name, error });
      log.error({ secret: name, err: error }, 'a secret is kept back, for it would not work');
    },
  });
  const services: SessionServices = {
    catalog,
    refusals: new Refusals(),
    denials: new Denials(),
    evidence,
    validator: options.validator ?? 'spiffe',
    clock,
    log,
    absentAfterMs: options.absentAfterMs ?? 5000,
  };

  async function* serve<Request extends AnyRequest, N extends News, Out>(
    variant: Variant<Request, N, Out>,
    requests: AsyncIterable<Request>,
    context: CallContext,
  ): AsyncGenerator<Out> {
    const caller = callerOf(context);
    using open = limit.enter(caller, context.signal);
    const { signal } = open;
    const incoming = requests[Symbol.asyncIterator]();
    const first = await incoming.next();
    if (first.done === true) return;
    checkTypeUrl(first.value.typeUrl);
    variant.asked(first.value, undefined);
    const node = readNode(first.value.node);
    const views = source.watch(caller, signal)[Symbol.asyncIterator]();
    const view = await views.next();
    if (view.done === true) return;
    const session = new Session(variant, services, caller, node, view.value);
    yield* session.receive(first.value);

    const ticks = new Latest(0);
    let timer: Promise<void> | undefined;
    const tickIn = async (ms: number): Promise<void> => {
      await clock.sleep(ms, signal);
      timer = undefined;
      ticks.set(ticks.value + 1);
    };
    const events = merge<StreamEvent<Request>>(
      mapped(incoming, (request) => ({ kind: 'request', request })),
      mapped(views, (next) => ({ kind: 'view', view: next })),
      mapped(ticks.watch(signal), () => ({ kind: 'tick' })),
    );
    for await (const event of events) {
      yield* react(session, event);
      const ms = session.refreshInMs();
      if (ms !== undefined) timer ??= tickIn(ms).catch(() => undefined);
    }
  }

  return {
    streamSecrets: (requests, context) => serve(sotwVariant, requests, context),
    deltaSecrets: (requests, context) => serve(deltaVariant, requests, context),
    async fetchSecrets(request, context) {
      const caller = callerOf(context);
      using open = limit.enter(caller, context.signal);
      return await fetchSecrets(services, source, request, caller, open.signal);
    },
  };
}

function react<Request extends AnyRequest, N extends News, Out>(
  session: Session<Request, N, Out>,
  event: StreamEvent<Request>,
): readonly Out[] {
  switch (event.kind) {
    case 'request':
      checkTypeUrl(event.request.typeUrl);
      return session.receive(event.request);
    case 'view':
      return session.see(event.view);
    case 'tick':
      return session.refresh();
  }
}

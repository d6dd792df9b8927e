// The SPIFFE Workload API, its X.509 profile: hands a process the SVIDs and bundles that an
// IdentitySource has for it, and sends them again when they change. The other profiles are not served.
import type { DescMessage } from '@bufbuild/protobuf';
import type { SpiffeWorkloadAPI } from '../../gen/workload_pb.js';
import type { CallContext } from '../../rpc/call.ts';
import type { EncodedMessage } from '../../rpc/encoded-message.ts';
import type { ServiceImplementation } from '../../rpc/service.ts';
import { RpcStatus } from '../../rpc/status.ts';
import type { Clock } from '../../runtime/clock.ts';
import { SignetError } from '../../runtime/errors.ts';
import { assertAlive, callerOf } from '../caller.ts';
import { decidedViews } from '../decided-views.ts';
import type { IdentitySource, IdentityView } from '../identity-source.ts';
import { StreamLimit } from '../stream-limit.ts';
import { assertHeader } from './header.ts';
import { x509Bundles, x509Svids } from './messages.ts';

export interface WorkloadApiOptions {
  readonly source: IdentitySource;
  readonly clock: Clock;
  /** For how long a process without an identity that may still come is kept waiting; 5 s. */
  readonly graceMs?: number;
  /** Of one process; 256. */
  readonly maxStreamsPerProcess?: number;
}

/** For `bindService`. */
export function workloadApi(
  options: WorkloadApiOptions,
): ServiceImplementation<typeof SpiffeWorkloadAPI> {
  const { source, clock, graceMs = 5000, maxStreamsPerProcess = 256 } = options;
  const limit = new StreamLimit(maxStreamsPerProcess);

  async function* serve<Desc extends DescMessage>(
    context: CallContext,
    encode: (view: IdentityView) => EncodedMessage<Desc>,
  ): AsyncGenerator<EncodedMessage<Desc>> {
    assertHeader(context);
    const caller = callerOf(context);
    using open = limit.enter(caller, context.signal);
    const { signal } = open;
    let sent: Uint8Array | undefined;
    const views = source.watch(caller, signal);
    for await (const view of decidedViews(views, { clock, graceMs, signal })) {
      if (view.identities.length === 0) throw noIdentity();
      const message = encode(view);
      if (sent !== undefined && Buffer.compare(sent, message.bytes) === 0) continue;
      assertAlive(caller);
      sent = message.bytes;
      yield message;
    }
  }

  return {
    fetchX509SVID: (_request, context) => serve(context, x509Svids),
    fetchX509Bundles: (_request, context) => serve(context, x509Bundles),
    fetchJWTSVID: (_request, context) => notServed(context),
    fetchJWTBundles: (_request, context) => notServed(context),
    validateJWTSVID: (_request, context) => notServed(context),
    fetchWITSVID: (_request, context) => notServed(context),
    fetchWITBundles: (_request, context) => notServed(context),
  };
}

/** The header comes first on every method, also on those that are not there (WE-03). */
function notServed(context: CallContext): never {
  assertHeader(context);
  throw new SignetError('rpc.not_implemented');
}

function noIdentity(): SignetError {
  return new RpcStatus('workload.no_identity', { wording: { text: 'no identity issued' } });
}

// The two variants of the protocol behind one interface: how each reads its requests, steps from state
// to state and writes its responses.
import type { Message } from '@bufbuild/protobuf';
import type { Node } from '../../gen/envoy/config/core/v3/base_pb.js';
import {
  type DeltaDiscoveryRequest,
  DeltaDiscoveryResponseSchema,
  type DiscoveryRequest,
  DiscoveryResponseSchema,
} from '../../gen/envoy/service/discovery/v3/discovery_pb.js';
import { EncodedMessage } from '../../rpc/encoded-message.ts';
import * as delta from './delta.ts';
import { checkNames } from './request-limits.ts';
import { encodeDelta, encodeSotw } from './response.ts';
import type { EncodedSecret } from './secret.ts';
import * as sotw from './sotw.ts';
import {
  answerOf,
  type Lookup,
  type News,
  type Present,
  type Response,
  type Step,
  type Stream,
  type Version,
} from './subscription.ts';

/** What both kinds of requests have. */
export type AnyRequest = Message & {
  readonly node?: Node | undefined;
  readonly typeUrl: string;
};

export interface Variant<Request extends AnyRequest, N extends News, Out> {
  /** Whether a name can be told to be missing. Where not, losing one that was had ends the stream. */
  readonly tellsAbsence: boolean;
  /**
   * The names a request adds, which the caller must be allowed.
   *
   * @throws SignetError `sds.too_many_names`, `sds.name_too_long`
   */
  asked(request: Request, stream: Stream<N> | undefined): readonly string[];
  /** Whether the node says in its first request that it holds something under the name. */
  holds(request: Request, name: string): boolean;
  begin(request: Request, lookup: Lookup, refused: ReadonlySet<Version>): Step<N>;
  receive(stream: Stream<N>, request: Request, lookup: Lookup): Step<N>;
  refresh(stream: Stream<N>, lookup: Lookup): Step<N>;
  /** `secret` is what the response is about, undefined for one that tells an absence. */
  encode(response: Response<N>, secret: EncodedSecret | undefined): Out;
}

type SotwMessage = EncodedMessage<typeof DiscoveryResponseSchema>;
type DeltaMessage = EncodedMessage<typeof DeltaDiscoveryResponseSchema>;

const isName = (name: string) => name !== '*';

export const sotwVariant: Variant<DiscoveryRequest, Present, SotwMessage> = {
  tellsAbsence: false,
  asked({ resourceNames }) {
    checkNames(resourceNames);
    return resourceNames.filter(isName);
  },
  holds: ({ versionInfo }) => versionInfo !== '',
  begin: ({ resourceNames }, lookup, refused) =>
    sotw.begin(resourceNames.filter(isName), lookup, refused),
  receive(stream, { resourceNames, responseNonce, errorDetail }, lookup) {
    const answer = answerOf(responseNonce, errorDetail);
    return sotw.receive(stream, { names: resourceNames.filter(isName), answer }, lookup);
  },
  refresh: sotw.refresh,
  encode: ({ nonce }, secret) =>
    new EncodedMessage(DiscoveryResponseSchema, encodeSotw(secret, nonce)),
};

export const deltaVariant: Variant<DeltaDiscoveryRequest, News, DeltaMessage> = {
  tellsAbsence: true,
  asked(request, stream) {
    const { resourceNamesSubscribe: subscribe, resourceNamesUnsubscribe: unsubscribe } = request;
    checkNames(unsubscribe);
    checkNames(subscribe);
    checkNames([...new Set([...(stream?.subscriptions.keys() ?? []), ...subscribe])]);
    const isKnown = (name: string) =>
      stream === undefined ? this.holds(request, name) : stream.subscriptions.has(name);
    return subscribe.filter((name) => isName(name) && !isKnown(name));
  },
  holds: ({ initialResourceVersions: held }, name) => Object.hasOwn(held, name),
  begin({ resourceNamesSubscribe: subscribe, initialResourceVersions }, lookup, refused) {
    const held = new Map(Object.entries(initialResourceVersions));
    return delta.begin({ subscribe, held }, lookup, refused);
  },
  receive(stream, request, lookup) {
    const { resourceNamesSubscribe: subscribe, resourceNamesUnsubscribe: unsubscribe } = request;
    const answer = answerOf(request.responseNonce, request.errorDetail);
    return delta.receive(stream, { subscribe, unsubscribe, answer }, lookup);
  },
  refresh: delta.refresh,
  encode: ({ name, nonce }, secret) =>
    new EncodedMessage(DeltaDiscoveryResponseSchema, encodeDelta(name, secret, nonce)),
};

// Calls services over grpc-js, typed by their descriptor: a unary method is a promise, a stream an async
// generator. Whatever fails is a SignetError, an RpcFailure if a server said so.
import type {
  DescMessage,
  DescMethod,
  DescMethodBiDiStreaming,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  MessageInitShape,
  MessageShape,
} from '@bufbuild/protobuf';
import { Channel, Client as GrpcClient, credentials } from '@grpc/grpc-js';
import { openChannel, type Target } from './channel.ts';
import { callerOf, type CallOptions } from './client-call.ts';

export type { CallOptions } from './client-call.ts';

type Sent<Desc extends DescMessage> = MessageInitShape<Desc>;

/** One method as its caller sees it. A stream starts when it is first pulled, and ends when left. */
export type ClientMethod<Method extends DescMethod> =
  Method extends DescMethodUnary<infer In, infer Out>
    ? (request: Sent<In>, options?: CallOptions) => Promise<MessageShape<Out>>
    : Method extends DescMethodServerStreaming<infer In, infer Out>
      ? (request: Sent<In>, options?: CallOptions) => AsyncGenerator<MessageShape<Out>, void>
      : Method extends DescMethodClientStreaming<infer In, infer Out>
        ? (requests: AsyncIterable<Sent<In>>, options?: CallOptions) => Promise<MessageShape<Out>>
        : Method extends DescMethodBiDiStreaming<infer In, infer Out>
          ? (
              requests: AsyncIterable<Sent<In>>,
              options?: CallOptions,
            ) => AsyncGenerator<MessageShape<Out>, void>
          : never;

export type Client<Service extends DescService> = {
  readonly [Name in keyof Service['method']]: ClientMethod<Service['method'][Name]>;
} & {
  /** Closes the connection, unless the client was made on a shared channel. */
  close(): void;
};

/** A client of one service, on its own connection or on a channel shared with others. */
export function createClient<Service extends DescService>(
  service: Service,
  over: Target | Channel,
): Client<Service> {
  const shared = over instanceof Channel;
  const channel = shared ? over : openChannel(over);
  const client = new GrpcClient('', credentials.createInsecure(), { channelOverride: channel });
  const methods = service.methods.map((method) => [method.localName, callerOf(client, method)]);
  const close = () => {
    if (!shared) client.close();
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- made from the methods themselves
  return { ...Object.fromEntries(methods), close } as Client<Service>;
}

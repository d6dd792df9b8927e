// Serves implementations typed by their descriptor over grpc-js: a unary method is a promise, a stream
// an async generator, and a method left out does not compile.
import type {
  DescMessage,
  DescMethod,
  DescMethodBiDiStreaming,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  MessageShape,
} from '@bufbuild/protobuf';
import type {
  sendUnaryData,
  Server,
  ServerDuplexStream,
  ServerReadableStream,
  ServerUnaryCall,
  ServerWritableStream,
  UntypedHandleCall,
} from '@grpc/grpc-js';
import { SignetError } from '../runtime/errors.ts';
import { type Authorize, type CallContext, contextOf, type Report } from './call.ts';
import { rememberRules } from './connection.ts';
import type { Answer } from './encoded-message.ts';
import { definitionOf, pathOf } from './method-definition.ts';
import { toStatus } from './status.ts';
import { pump, requestsOf } from './stream.ts';

/** The handler of one method. A stream it returns is pulled no faster than the caller reads. */
export type Handler<Method extends DescMethod> =
  Method extends DescMethodUnary<infer In, infer Out>
    ? (request: MessageShape<In>, context: CallContext) => Promise<Answer<Out>>
    : Method extends DescMethodServerStreaming<infer In, infer Out>
      ? (request: MessageShape<In>, context: CallContext) => AsyncIterable<Answer<Out>>
      : Method extends DescMethodClientStreaming<infer In, infer Out>
        ? (requests: AsyncIterable<MessageShape<In>>, context: CallContext) => Promise<Answer<Out>>
        : Method extends DescMethodBiDiStreaming<infer In, infer Out>
          ? (
              requests: AsyncIterable<MessageShape<In>>,
              context: CallContext,
            ) => AsyncIterable<Answer<Out>>
          : never;

export type ServiceImplementation<Service extends DescService> = {
  readonly [Name in keyof Service['method']]: Handler<Service['method'][Name]>;
};

export interface BindOptions {
  /** Asked before any message of a call is read; without it every identified peer may call. */
  readonly authorize?: Authorize;
  readonly report?: Report;
}

type AnyHandler = (input: unknown, context: CallContext) => unknown;

/** Offers a service on a server. Connections reach it through a UnixListener or TlsListener. */
export function bindService<Service extends DescService>(
  server: Server,
  service: Service,
  implementation: ServiceImplementation<Service>,
  options: BindOptions = {},
): void {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the type of the parameter says more
  const handlers = implementation as Readonly<Record<string, AnyHandler>>;
  const report = options.report ?? (() => undefined);
  for (const method of service.methods) {
    const handler = handlers[method.localName];
    if (handler === undefined) throw new SignetError('rpc.not_implemented');
    const definition = definitionOf(method);
    const bound: AnyHandler = (input, context) => handler.call(implementation, input, context);
    server.register(
      definition.path,
      handleCallOf(method, bound, report),
      definition.responseSerialize,
      definition.requestDeserialize,
      kinds[method.methodKind],
    );
    rememberRules(server, pathOf(method), { authorize: options.authorize, report });
  }
}

function refuse(): never {
  throw new SignetError('rpc.not_implemented');
}

/** Answers every method of a service with `rpc.not_implemented`; spread it under those that exist. */
export function unimplemented<Service extends DescService>(
  service: Service,
): ServiceImplementation<Service> {
  const handlers = Object.fromEntries(service.methods.map(({ localName }) => [localName, refuse]));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- made from the methods themselves
  return handlers as unknown as ServiceImplementation<Service>;
}

/** The names grpc-js has for the kinds of methods. */
const kinds = {
  unary: 'unary',
  server_streaming: 'serverStream',
  client_streaming: 'clientStream',
  bidi_streaming: 'bidi',
} as const;

function handleCallOf(method: DescMethod, handler: AnyHandler, report: Report): UntypedHandleCall {
  type Message = MessageShape<DescMessage>;
  switch (method.methodKind) {
    case 'unary':
      return (call: ServerUnaryCall<Message, unknown>, done: sendUnaryData<unknown>) =>
        void answer(call, done, (context) => handler(call.request, context), report);
    case 'client_streaming':
      return (call: ServerReadableStream<Message, unknown>, done: sendUnaryData<unknown>) =>
        void answer(
          call,
          done,
          (context) => handler(requestsOf(call, context.signal), context),
          report,
        );
    case 'server_streaming':
      return (call: ServerWritableStream<Message, unknown>) =>
        void pump(call, (context) => handler(call.request, context), report);
    case 'bidi_streaming':
      return (call: ServerDuplexStream<Message, unknown>) =>
        void pump(call, (context) => handler(requestsOf(call, context.signal), context), report);
  }
}

async function answer(
  call: ServerUnaryCall<unknown, unknown> | ServerReadableStream<unknown, unknown>,
  done: sendUnaryData<unknown>,
  run: (context: CallContext) => unknown,
  report: Report,
): Promise<void> {
  let context: CallContext | undefined;
  try {
    context = contextOf(call);
    done(null, await run(context));
  } catch (thrown) {
    if (context !== undefined && !context.signal.aborted) report(SignetError.from(thrown), context);
    done(toStatus(thrown, context?.requestId ?? ''));
  }
}

// Makes one call of each kind with a grpc-js client.
import type { Readable } from 'node:stream';
import type { DescMethod } from '@bufbuild/protobuf';
import { type Client, type CallOptions as GrpcOptions, Metadata } from '@grpc/grpc-js';
import { SignetError } from '../runtime/errors.ts';
import { systemClock } from '../runtime/clock.ts';
import { definitionOf, type Sendable } from './method-definition.ts';
import { fromStatus } from './status.ts';

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** For the whole call; 30 s unless told for one that ends by itself, none for a stream. */
  readonly timeoutMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

const usualTimeoutMs = 30_000;

/** A call under way, as grpc-js has it. */
interface Cancellable {
  cancel(): void;
}

interface RequestStream extends Cancellable {
  write(request: Sendable, sent: () => void): boolean;
  end(): void;
  on(event: 'status', listener: () => void): unknown;
}

type Caller = (input: unknown, options?: CallOptions) => unknown;

/** The function that calls a method; `client.ts` gives it its type. */
export function callerOf(client: Client, method: DescMethod): Caller {
  const { path, requestSerialize: encode, responseDeserialize: decode } = definitionOf(method);
  /* oxlint-disable typescript/no-unsafe-type-assertion -- what ClientMethod says of each kind */
  switch (method.methodKind) {
    case 'unary':
      return (request, options) =>
        settled(options, (metadata, settings, done) =>
          client.makeUnaryRequest(
            path,
            encode,
            decode,
            request as Sendable,
            metadata,
            settings,
            done,
          ),
        );
    case 'client_streaming':
      return (requests, options) =>
        settled(options, (metadata, settings, done) => {
          const call = client.makeClientStreamRequest(
            path,
            encode,
            decode,
            metadata,
            settings,
            done,
          );
          void send(call, requests as AsyncIterable<Sendable>);
          return call;
        });
    case 'server_streaming':
      return (request, options) =>
        answers(options, (metadata, settings) =>
          client.makeServerStreamRequest(
            path,
            encode,
            decode,
            request as Sendable,
            metadata,
            settings,
          ),
        );
    case 'bidi_streaming':
      return (requests, options) =>
        answers(options, (metadata, settings) => {
          const call = client.makeBidiStreamRequest(path, encode, decode, metadata, settings);
          void send(call, requests as AsyncIterable<Sendable>);
          return call;
        });
  }
  /* oxlint-enable typescript/no-unsafe-type-assertion */
}

/** @throws SignetError `rpc.*` */
async function settled(
  options: CallOptions = {},
  start: (
    metadata: Metadata,
    settings: GrpcOptions,
    done: (error: Error | null, answer?: unknown) => void,
  ) => Cancellable,
): Promise<unknown> {
  assertWanted(options.signal);
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const settings = settingsOf({ timeoutMs: usualTimeoutMs, ...options });
  const call = start(metadataOf(options), settings, (error, answer) =>
    error === null ? resolve(answer) : reject(fromStatus(error)),
  );
  const cancel = () => call.cancel();
  options.signal?.addEventListener('abort', cancel, { once: true });
  try {
    return await promise;
  } finally {
    options.signal?.removeEventListener('abort', cancel);
  }
}

/** @throws SignetError `rpc.*` (from the iteration) */
async function* answers(
  options: CallOptions = {},
  start: (metadata: Metadata, settings: GrpcOptions) => Readable & Cancellable,
): AsyncGenerator {
  assertWanted(options.signal);
  const call = start(metadataOf(options), settingsOf(options));
  call.on('error', () => undefined); // also after the loop was left
  const cancel = () => call.cancel();
  options.signal?.addEventListener('abort', cancel, { once: true });
  try {
    for await (const answer of call) yield answer;
  } catch (error) {
    throw fromStatus(error);
  } finally {
    options.signal?.removeEventListener('abort', cancel);
    cancel();
  }
}

/** Sends requests no faster than the connection takes them; cancels the call if they fail. */
async function send(call: RequestStream, requests: AsyncIterable<Sendable>): Promise<void> {
  let over = false;
  let wake: (() => void) | undefined;
  call.on('status', () => {
    over = true;
    wake?.();
  });
  try {
    for await (const request of requests) {
      if (over) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      call.write(request, resolve);
      await promise;
    }
    call.end();
  } catch {
    call.cancel();
  }
}

function assertWanted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new SignetError('rpc.cancelled', { cause: signal.reason });
}

function metadataOf({ headers = {} }: CallOptions): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return metadata;
}

/** grpc-js measures deadlines by the clock of the machine. */
function settingsOf({ timeoutMs }: CallOptions): GrpcOptions {
  return timeoutMs === undefined ? {} : { deadline: systemClock.unixMs() + timeoutMs };
}

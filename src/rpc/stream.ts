// The two directions of a streaming call: requests as an async iterable, answers pulled from one.
import type { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { ServerDuplexStream, ServerWritableStream } from '@grpc/grpc-js';
import { SignetError } from '../runtime/errors.ts';
import { type CallContext, contextOf, type Report } from './call.ts';
import { toStatus } from './status.ts';

/**
 * The requests of a call, ending when the caller has no more. Leaving the loop early does not end the
 * call: its answers still go out.
 *
 * @throws SignetError `rpc.cancelled` (from the iteration) once the call is over
 */
export async function* requestsOf(call: Readable, signal: AbortSignal): AsyncGenerator {
  try {
    const requests = call.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<unknown>;
    for await (const request of requests) yield request;
    await setImmediate(); // a cancelled call looks at first like one whose requests are complete
    signal.throwIfAborted();
  } catch (error) {
    if (signal.aborted) throw new SignetError('rpc.cancelled', { cause: error });
    throw error;
  }
}

/**
 * Sends what `run` yields, then the status. The next answer is pulled when the one before has been
 * taken by the connection: a caller that does not read holds up its own stream, and no memory.
 */
export async function pump(
  call: ServerWritableStream<unknown, unknown> | ServerDuplexStream<unknown, unknown>,
  run: (context: CallContext) => unknown,
  report: Report,
): Promise<void> {
  let context: CallContext | undefined;
  try {
    context = contextOf(call);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what Handler says of streams
    const messages = run(context) as AsyncIterable<unknown>;
    for await (const message of messages) {
      if (context.signal.aborted) break;
      await written(call, message, context.signal);
    }
    call.end();
  } catch (thrown) {
    if (context?.signal.aborted === true) return;
    const error = SignetError.from(thrown);
    if (context !== undefined) report(error, context);
    call.emit('error', toStatus(error, context?.requestId ?? ''));
  }
}

/** Resolves when the message is on its way, or the call over. */
async function written(
  call: ServerWritableStream<unknown, unknown> | ServerDuplexStream<unknown, unknown>,
  message: unknown,
  signal: AbortSignal,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = () => resolve();
  signal.addEventListener('abort', done, { once: true });
  call.write(message, done);
  if (signal.aborted) done();
  await promise;
  signal.removeEventListener('abort', done);
}

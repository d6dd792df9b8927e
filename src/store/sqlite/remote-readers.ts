// The main thread's end of the reader: the interfaces of the domain, answered by another thread.
import type { Worker } from 'node:worker_threads';
import { SignetError } from '../../runtime/errors.ts';
import type { Readers } from '../store.ts';
import { errorOf } from './protocol.ts';
import type { Answer, Question } from './reader-protocol.ts';

type Method<A extends keyof Readers, M extends keyof Readers[A]> = Readers[A][M] extends (
  ...args: infer Args
) => Promise<infer Result>
  ? (...args: Args) => Promise<Result>
  : never;

/** Enough for every caller there is; more means that the reader is stuck. */
const maxWaiting = 10_000;

export class RemoteReaders implements Readers {
  readonly #thread: Worker;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #lastId = 0;
  #ended: SignetError | undefined;

  readonly log: Readers['log'] = {
    checkpoint: this.#method('log', 'checkpoint'),
    size: this.#method('log', 'size'),
    entries: this.#method('log', 'entries'),
    entry: this.#method('log', 'entry'),
    bySerial: this.#method('log', 'bySerial'),
    inclusionProof: this.#method('log', 'inclusionProof'),
    consistencyProof: this.#method('log', 'consistencyProof'),
  };
  readonly registry: Readers['registry'] = {
    entries: this.#method('registry', 'entries'),
    entry: this.#method('registry', 'entry'),
    countEntries: this.#method('registry', 'countEntries'),
    agents: this.#method('registry', 'agents'),
    agent: this.#method('registry', 'agent'),
    countAgents: this.#method('registry', 'countAgents'),
    joinToken: this.#method('registry', 'joinToken'),
  };
  readonly authorities: Readers['authorities'] = {
    authorities: this.#method('authorities', 'authorities'),
    bundleSequence: this.#method('authorities', 'bundleSequence'),
  };

  constructor(thread: Worker) {
    this.#thread = thread;
    thread.on('message', (answer: Answer) => this.#receive(answer));
    thread.on('error', (error) => this.#end(error));
    thread.on('exit', () => this.#end(new Error('the reader thread has ended')));
  }

  #method<A extends keyof Readers, M extends keyof Readers[A] & string>(
    area: A,
    name: M,
  ): Method<A, M> {
    const ask = (...args: readonly unknown[]) => this.#ask(`${area}.${name}`, args);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the thread implements the same interface
    return ask as Method<A, M>;
  }

  #ask(method: string, args: readonly unknown[]): Promise<unknown> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    if (this.#waiting.size >= maxWaiting)
      return Promise.reject(new SignetError('store.overloaded'));
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#lastId += 1;
    const question: Question = { id: this.#lastId, method, args };
    this.#waiting.set(question.id, (answer) =>
      'failure' in answer ? reject(errorOf(answer.failure)) : resolve(answer.result),
    );
    this.#thread.postMessage(question, []);
    return promise;
  }

  #receive(answer: Answer): void {
    this.#waiting.get(answer.id)?.(answer);
    this.#waiting.delete(answer.id);
  }

  #end(cause: unknown): void {
    this.#ended ??= new SignetError('store.unavailable', { cause });
    const { reason } = this.#ended;
    for (const [id, settle] of this.#waiting) {
      settle({ id, failure: { reason, details: {}, cause: String(cause) } });
    }
    this.#waiting.clear();
  }
}

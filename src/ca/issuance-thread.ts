// Issuance in threads of their own, so that arithmetic never holds up a stream. Calls that wait together
// travel together, one message at a time for each thread.
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Clock } from '../runtime/clock.ts';
import { SignetError } from '../runtime/errors.ts';
import type { Logger } from '../runtime/log.ts';
import type { PipelineSetup } from './issuance-pipeline.ts';
import {
  type FromIssuance,
  type IssuanceJob,
  packJobs,
  type SignedJob,
} from './issuance-protocol.ts';

export interface IssuanceThreadOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Defaults to 1. */
  readonly threads?: number;
  /** How many certificates may wait; defaults to 4,096. */
  readonly maxQueued?: number;
  /** The program of the thread; for tests of what happens when it fails. */
  readonly program?: URL;
}

interface Queued {
  readonly job: IssuanceJob;
  readonly resolve: (signed: SignedJob) => void;
  readonly reject: (error: SignetError) => void;
}

interface Lane {
  worker: Worker | undefined;
  /** What its present message asks for. */
  running: readonly Queued[];
}

const certificatesPerMessage = 64;
// .ts as it is, .js once built
const ownProgram = new URL(`./issuance-worker${extname(import.meta.url)}`, import.meta.url);

export class IssuanceThreads {
  readonly #options: IssuanceThreadOptions;
  readonly #maxQueued: number;
  readonly #lanes: readonly Lane[];
  readonly #queue: Queued[] = [];
  #setup: PipelineSetup | undefined;
  /** Certificates in the queue. */
  #waiting = 0;
  #isArmed = false;
  #isClosed = false;

  constructor(options: IssuanceThreadOptions) {
    const { threads = 1, maxQueued = 4096 } = options;
    this.#options = options;
    this.#maxQueued = maxQueued;
    this.#lanes = Array.from({ length: threads }, () => ({ worker: undefined, running: [] }));
  }

  /** What is run from now on is signed with this; what a thread has in hand, with what was before. */
  use(setup: PipelineSetup): void {
    this.#setup = setup;
    for (const { worker } of this.#lanes) worker?.postMessage({ use: setup }, []);
  }

  /**
   * Signs the orders of one call, all with the same issuer.
   *
   * @throws SignetError `issuance.overloaded`, `issuance.crashed`, `issuance.closed`
   */
  async run(job: IssuanceJob): Promise<SignedJob> {
    if (this.#isClosed) throw new SignetError('issuance.closed');
    if (this.#waiting + job.orders.length > this.#maxQueued) {
      throw new SignetError('issuance.overloaded', { details: { limit: this.#maxQueued } });
    }
    const { promise, resolve, reject } = Promise.withResolvers<SignedJob>();
    this.#queue.push({ job, resolve, reject });
    this.#waiting += job.orders.length;
    if (!this.#isArmed) {
      this.#isArmed = true;
      // one turn of the event loop gathers the calls that arrived together
      setImmediate(() => {
        this.#isArmed = false;
        this.#feed();
      });
    }
    return promise;
  }

  /** Stops the threads; what waits is rejected with `issuance.closed`. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { reject } of this.#queue.splice(0)) reject(new SignetError('issuance.closed'));
    await Promise.all(this.#lanes.map((lane) => this.#end(lane, 'issuance.closed')));
  }

  #feed(): void {
    for (const lane of this.#lanes) {
      if (lane.running.length > 0) continue;
      const taken = this.#take();
      if (taken.length === 0) return;
      lane.running = taken;
      lane.worker ??= this.#start(lane);
      const jobs = taken.map(({ job }) => job);
      const { message, transfer } = packJobs(jobs, this.#options.clock.unixMs());
      lane.worker.postMessage(message, transfer);
    }
  }

  #take(): readonly Queued[] {
    let certificates = 0;
    const fits = (next: Queued): boolean => {
      certificates += next.job.orders.length;
      return certificates <= certificatesPerMessage;
    };
    const end = this.#queue.findIndex((next) => !fits(next));
    // one call is never split, not even if it is larger
    const taken = this.#queue.splice(0, end === -1 ? this.#queue.length : Math.max(1, end));
    for (const { job } of taken) this.#waiting -= job.orders.length;
    return taken;
  }

  /** A thread that ended is only started again for the next call, so one that cannot run does not spin. */
  #start(lane: Lane): Worker {
    const worker = new Worker(this.#options.program ?? ownProgram);
    worker.on('message', ({ signed }: FromIssuance) => {
      const { running } = lane;
      lane.running = [];
      for (const [index, { resolve, reject }] of running.entries()) {
        const answer = signed[index];
        if (answer === undefined) reject(new SignetError('issuance.crashed'));
        else resolve(answer);
      }
      this.#feed();
    });
    worker.on('error', (err) => this.#options.log.error({ err }, 'an issuance thread failed'));
    worker.on('exit', () => {
      if (lane.worker === worker) void this.#end(lane, 'issuance.crashed').then(() => this.#feed());
    });
    if (this.#setup !== undefined) worker.postMessage({ use: this.#setup }, []);
    return worker;
  }

  async #end(lane: Lane, reason: 'issuance.closed' | 'issuance.crashed'): Promise<void> {
    const { worker, running } = lane;
    lane.worker = undefined;
    lane.running = [];
    for (const { reject } of running) reject(new SignetError(reason));
    await worker?.terminate();
  }
}

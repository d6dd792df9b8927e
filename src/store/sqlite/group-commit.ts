// The main thread's end of the writer: gathers what is to be committed while a batch is under way, and
// sends it as one. Nobody on the main thread ever waits for the disk but by a promise.
import type { Worker } from 'node:worker_threads';
import type {
  Changes,
  CommittedChange,
  Committed,
  Ledger,
  Origin,
  Receipt,
} from '../../audit/ledger.ts';
import type { PackedLeaves } from '../../audit/packed-leaves.ts';
import type { Clock } from '../../runtime/clock.ts';
import { SignetError } from '../../runtime/errors.ts';
import type { StoreLog } from './open.ts';
import { Pool, type Waiting } from './pool.ts';
import {
  errorOf,
  type FromWriter,
  type ToWriter,
  type Unit,
  type UnitOutcome,
} from './protocol.ts';

export interface GroupCommitOptions {
  readonly thread: Worker;
  readonly clock: Clock;
  readonly log?: StoreLog;
  /** Ends the process: the disk has failed to keep what it was given. */
  readonly onFatal: (error: SignetError) => void;
}

/** Leaves alone are nobody's change; their own bytes say who asked. */
const unnamed: Origin = { actor: 'system:signet', requestId: '' };

export class GroupCommit<C extends Changes> implements Ledger<C> {
  readonly #options: GroupCommitOptions;
  readonly #pool = new Pool();
  readonly #listeners: ((change: CommittedChange) => void)[] = [];
  #underWay: readonly Waiting[] | undefined;
  #isArmed = false;
  #ended: SignetError | undefined;
  #closing: (() => void) | undefined;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
    options.thread.on('message', (message: FromWriter) => this.#receive(message));
    options.thread.on('error', (error) => this.#end(error));
    options.thread.on('exit', () => this.#end(new Error('the writer thread has ended')));
  }

  async commit<K extends keyof C & string>(
    kind: K,
    input: C[K]['input'],
    origin: Origin,
    leaves?: PackedLeaves,
  ): Promise<Committed<C[K]['result']>> {
    const nowMs = this.#options.clock.unixMs();
    const added = leaves === undefined ? {} : { leaves: ownBytes(leaves) };
    return this.#submit({ change: { kind, input }, origin, nowMs, ...added });
  }

  async append(leaves: PackedLeaves): Promise<Receipt> {
    const nowMs = this.#options.clock.unixMs();
    const { firstIndex, count, checkpoint } = await this.#submit({
      origin: unnamed,
      nowMs,
      leaves: ownBytes(leaves),
    });
    return { firstIndex, count, checkpoint };
  }

  onCommitted(listener: (change: CommittedChange) => void): void {
    this.#listeners.push(listener);
  }

  /** Resolves when nothing is under way any more; what comes from now on is refused. */
  async drain(): Promise<void> {
    if (this.#ended !== undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#closing = resolve;
    this.#arm();
    this.#finish();
    await promise;
  }

  #submit(unit: Unit): Promise<Receipt & { readonly result: unknown }> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    if (this.#closing !== undefined) return Promise.reject(new SignetError('store.unavailable'));
    const { promise, resolve, reject } = Promise.withResolvers<Receipt & { result: unknown }>();
    this.#pool.add({ unit, resolve, reject });
    this.#arm();
    return promise;
  }

  /** One turn of the event loop gathers calls that arrive together, and costs an idle log nothing. */
  #arm(): void {
    if (this.#isArmed || this.#underWay !== undefined || this.#pool.isEmpty) return;
    this.#isArmed = true;
    setImmediate(() => {
      this.#isArmed = false;
      if (this.#ended === undefined) this.#send(this.#pool.take());
    });
  }

  #send(batch: readonly Waiting[]): void {
    this.#underWay = batch;
    const units = batch.map(({ unit }) => unit);
    const buffers = units.flatMap(({ leaves }) =>
      leaves === undefined ? [] : [leaves.bytes.buffer],
    );
    try {
      this.#post({ units }, [...new Set(buffers)]);
    } catch (cause) {
      // An input that cannot be cloned: nothing was sent.
      this.#settle((waiting) => waiting.reject(new SignetError('store.unavailable', { cause })));
    }
  }

  #receive(message: FromWriter): void {
    if ('committed' in message) this.#publish(message.committed, message.checkpoint);
    if ('failed' in message) {
      this.#options.log?.error({ err: errorOf(message.failed) }, 'a batch could not be committed');
      const error = errorOf(message.failed);
      this.#settle((waiting) => waiting.reject(error));
    }
    if ('fatal' in message) {
      const error = errorOf(message.fatal);
      this.#end(error);
      this.#options.onFatal(error);
    }
  }

  #publish(outcomes: readonly UnitOutcome[], checkpoint: string): void {
    const batch = this.#underWay ?? [];
    batch.forEach(({ unit }, at) => this.#announce(unit, outcomes[at], checkpoint));
    this.#settle((waiting, at) => {
      const outcome = outcomes[at];
      if (outcome === undefined) waiting.reject(new SignetError('internal'));
      else if ('refused' in outcome) waiting.reject(errorOf(outcome.refused));
      else {
        const { result, firstIndex, count } = outcome;
        waiting.resolve({ result, firstIndex, count, checkpoint });
      }
    });
  }

  /** Tells listeners, all before any promise of the batch resolves, in the order of the log. */
  #announce(unit: Unit, outcome: UnitOutcome | undefined, checkpoint: string): void {
    if (unit.change === undefined || outcome === undefined || 'refused' in outcome) return;
    const { result, firstIndex, count, consequences } = outcome;
    const receipt: Receipt = { firstIndex, count, checkpoint };
    for (const change of [{ ...unit.change, result }, ...consequences]) {
      for (const listener of this.#listeners) this.#tell(listener, { ...change, receipt });
    }
  }

  #tell(listener: (change: CommittedChange) => void, change: CommittedChange): void {
    try {
      listener(change);
    } catch (error) {
      this.#options.log?.error({ err: error }, 'a listener failed on a committed change');
    }
  }

  #settle(each: (waiting: Waiting, at: number) => void): void {
    const batch = this.#underWay ?? [];
    this.#underWay = undefined;
    batch.forEach(each);
    this.#arm();
    this.#finish();
  }

  #finish(): void {
    if (this.#underWay === undefined && this.#pool.isEmpty) this.#closing?.();
  }

  #end(cause: unknown): void {
    this.#ended ??= new SignetError('store.unavailable', { cause });
    const error = this.#ended;
    for (const waiting of [...(this.#underWay ?? []), ...this.#pool.take()]) waiting.reject(error);
    this.#underWay = undefined;
    this.#closing?.();
  }

  #post(message: ToWriter, transfer: ArrayBuffer[] = []): void {
    this.#options.thread.postMessage(message, transfer);
  }
}

/** Bytes that share their buffer cannot be transferred without the rest of it. */
function ownBytes({ bytes, count }: PackedLeaves): PackedLeaves {
  const isOwn = bytes.byteLength === bytes.buffer.byteLength;
  return { bytes: isOwn ? bytes : Uint8Array.from(bytes), count };
}

// Background loops. Each has a name and one owner; runs never overlap, failures back off, and it can
// be woken early and stopped.
import { backoffMs } from './backoff.ts';
import type { Clock } from './clock.ts';
import { SignetError } from './errors.ts';
import type { Logger } from './log.ts';

export interface JobOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Does the work once, and says in how many milliseconds to do it again. */
  readonly run: (signal: AbortSignal) => Promise<number>;
  readonly retry?: { readonly baseMs: number; readonly maxMs: number };
}

export interface Job {
  /** Runs it now, or once more after the present run. */
  wake(): void;
  /** Aborts the present run, and resolves once it has ended. */
  stop(): Promise<void>;
}

export function startJob(options: JobOptions): Job {
  const { name, clock, log, run, retry = { baseMs: 500, maxMs: 60_000 } } = options;
  const stopping = new AbortController();
  let failures = 0;
  let woken = false;
  let waiting: AbortController | undefined;

  const runOnce = async (): Promise<number> => {
    try {
      const next = await run(stopping.signal);
      failures = 0;
      return next;
    } catch (error) {
      failures += 1;
      if (!stopping.signal.aborted) {
        log.warn({ job: name, failures, err: SignetError.from(error) }, 'background job failed');
      }
      return backoffMs(failures, retry);
    }
  };

  const wait = async (ms: number): Promise<void> => {
    waiting = new AbortController();
    if (woken) waiting.abort();
    const signal = AbortSignal.any([stopping.signal, waiting.signal]);
    await clock.sleep(ms, signal).catch(() => undefined);
    waiting = undefined;
  };

  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      woken = false;
      await wait(await runOnce());
    }
  };
  const ended = loop();

  return {
    wake() {
      woken = true;
      waiting?.abort();
    },
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}

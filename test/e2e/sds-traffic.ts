// Requests without a pause, by several workers, and what became of them.
import { statusOf } from '../support/envoy.ts';

export interface Traffic {
  /** How often each status came so far; 0 stands for no answer. */
  readonly counts: ReadonlyMap<number, number>;
  /** Resolves when this many more requests have been answered. */
  answered(count: number): Promise<void>;
  stop(): Promise<void>;
}

export function startTraffic(port: number, workers = 4): Traffic {
  const counts = new Map<number, number>();
  const waiting = new Set<() => void>();
  const stopping = new AbortController();
  let total = 0;
  const work = async () => {
    while (!stopping.signal.aborted) {
      const status = await statusOf(port);
      counts.set(status, (counts.get(status) ?? 0) + 1);
      total += 1;
      for (const check of waiting) check();
    }
  };
  const done = Promise.all(Array.from({ length: workers }, work));
  return {
    counts,
    async answered(count) {
      const goal = total + count;
      const { promise, resolve } = Promise.withResolvers<void>();
      const check = () => {
        if (total >= goal) resolve();
      };
      waiting.add(check);
      await promise;
      waiting.delete(check);
    },
    async stop() {
      stopping.abort();
      await done;
    },
  };
}

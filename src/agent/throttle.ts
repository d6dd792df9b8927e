// Lets through at most one request in a span of time: the first at once, all that come meanwhile as one
// when the span is over.
import type { Clock } from '../runtime/clock.ts';

export interface ThrottleOptions {
  readonly clock: Clock;
  readonly spanMs: number;
  readonly signal: AbortSignal;
  readonly run: () => void;
}

export function throttle({ clock, spanMs, signal, run }: ThrottleOptions): () => void {
  let nextMs = -Infinity;
  let isWaiting = false;
  const pass = (): void => {
    isWaiting = false;
    nextMs = clock.monotonicMs() + spanMs;
    run();
  };
  return () => {
    if (isWaiting || signal.aborted) return;
    const waitMs = nextMs - clock.monotonicMs();
    if (waitMs <= 0) return pass();
    isWaiting = true;
    clock.sleep(waitMs, signal).then(pass, () => undefined);
  };
}

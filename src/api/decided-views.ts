// The views of a caller as an answer needs them: an empty one that may still fill up is held back for a
// while, so that who asks at the moment of its start is not told that it has nothing.
import type { Clock } from '../runtime/clock.ts';
import { Latest } from '../runtime/latest.ts';
import type { IdentityView } from './identity-source.ts';
import { mapped, merge } from './merge.ts';

/** Yields every view but undecided ones, and those too once `graceMs` have passed without a better one. */
export async function* decidedViews(
  views: AsyncIterable<IdentityView>,
  { clock, graceMs, signal }: { clock: Clock; graceMs: number; signal: AbortSignal },
): AsyncGenerator<IdentityView> {
  const ticks = new Latest(0);
  let held: IdentityView | undefined;
  let isOverdue = false;
  let waiting: AbortController | undefined;
  const tick = async (until: AbortSignal): Promise<void> => {
    await clock.sleep(graceMs, AbortSignal.any([signal, until]));
    isOverdue = true;
    ticks.set(ticks.value + 1);
  };

  try {
    for await (const view of merge<IdentityView | undefined>(
      views,
      mapped(ticks.watch(signal), () => undefined),
    )) {
      held = view ?? held;
      if (held === undefined) continue;
      if (isUndecided(held) && !isOverdue) {
        if (waiting !== undefined) continue;
        waiting = new AbortController();
        tick(waiting.signal).catch(() => undefined);
        continue;
      }
      waiting?.abort();
      const decided = held;
      [waiting, held, isOverdue] = [undefined, undefined, false];
      yield decided;
    }
  } finally {
    waiting?.abort();
  }
}

function isUndecided({ identities, pending }: IdentityView): boolean {
  return identities.length === 0 && pending;
}

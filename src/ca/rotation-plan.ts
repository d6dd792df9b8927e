// When an issuer is followed by the next one, decided from states and times alone.
import { type Authority, isAlive } from './authority.ts';
import type { AuthoritySettings } from './authority-settings.ts';

/** One step at a time, so that no phase is ever skipped, whatever the clock does in between. */
export type RotationStep =
  | { readonly step: 'prepare' }
  | { readonly step: 'activate'; readonly id: string }
  /** Stops signing; what it signed is still good. */
  | { readonly step: 'stop'; readonly id: string }
  /** Nothing it signed can be alive. */
  | { readonly step: 'retire'; readonly id: string }
  /** Nothing to do before `until`, Unix seconds. */
  | { readonly step: 'wait'; readonly until: number };

export interface RotationInput {
  readonly issuers: readonly Authority[];
  /** End of the root, Unix seconds; undefined if no root can sign. */
  readonly rootNotAfter: number | undefined;
  /** Unix seconds. */
  readonly now: number;
  /** When each retiring issuer had stopped at the latest, as far as is known; Unix seconds by id. */
  readonly stoppedAt: ReadonlyMap<string, number>;
  readonly settings: Pick<AuthoritySettings, 'svidMaxTtlSeconds'>;
}

const day = 24 * 3600;
/** Caps of SPIRE's thresholds. */
const maxPreparedSeconds = 30 * day;
const maxOverlapSeconds = 7 * day;

/** When the issuer that follows is made and when it takes over, Unix seconds. */
export function handoverTimes(
  { notBefore, notAfter }: Pick<Authority, 'notBefore' | 'notAfter'>,
  svidMaxTtlSeconds: number,
): { readonly prepareAt: number; readonly activateAt: number } {
  const life = notAfter - notBefore;
  const half = Math.floor(life / 2);
  // the last leaf it signs may live as long as any; an issuer shorter than two of them cannot promise that
  const overlap = Math.max(
    Math.min(Math.floor(life / 6), maxOverlapSeconds),
    Math.min(svidMaxTtlSeconds, half),
  );
  const activateAt = notAfter - overlap;
  return {
    prepareAt: Math.min(notAfter - Math.min(half, maxPreparedSeconds), activateAt),
    activateAt,
  };
}

export function nextStep(input: RotationInput): RotationStep {
  const { issuers, rootNotAfter, now, settings } = input;
  const inState = (state: Authority['state']) => issuers.filter((one) => one.state === state);
  const active = inState('active');
  const current = active.at(-1);
  const [older] = active.slice(0, -1);
  if (older !== undefined) return { step: 'stop', id: older.id };

  const spent = inState('retiring').find((one) => retireAt(one, input) <= now);
  if (spent !== undefined) return { step: 'retire', id: spent.id };

  const times = current && handoverTimes(current, settings.svidMaxTtlSeconds);
  const { prepareAt = now, activateAt = now } = times ?? {};
  const prepared = inState('prepared').findLast((one) => isAlive(one, now));
  const pending = inState('retiring').map((one) => retireAt(one, input));
  if (prepared !== undefined) {
    if (activateAt <= now) return { step: 'activate', id: prepared.id };
    return { step: 'wait', until: Math.min(activateAt, ...pending) };
  }
  // below a root that ends with the present issuer, another would live no longer
  const isOfUse = rootNotAfter !== undefined && rootNotAfter > (current?.notAfter ?? now);
  if (prepareAt <= now && isOfUse) return { step: 'prepare' };
  return { step: 'wait', until: Math.min(isOfUse ? prepareAt : Infinity, ...pending) };
}

/** When nothing that a retiring issuer signed can be alive. */
function retireAt(issuer: Authority, { now, stoppedAt, settings }: RotationInput): number {
  const stopped = stoppedAt.get(issuer.id) ?? now;
  return Math.min(issuer.notAfter, stopped + settings.svidMaxTtlSeconds);
}

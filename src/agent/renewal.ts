// When an SVID is to be renewed. By the monotonic clock at half of its life, so that a step of the wall
// clock renews nothing; by wall time late in its life, since the monotonic clock stands still while a
// machine is suspended.
import type { Clock } from '../runtime/clock.ts';
import { jitterMs } from '../runtime/backoff.ts';
import type { X509Svid } from '../spiffe/svid.ts';

type Times = Pick<Clock, 'monotonicMs' | 'unixMs'>;

export interface Lease {
  readonly receivedMonotonicMs: number;
  readonly receivedUnixMs: number;
  /** After this much monotonic time. */
  readonly halfMs: number;
  /** After this much wall time at the latest. */
  readonly lateMs: number;
}

/** Of wall time alone; spread, so that a clock set forward does not renew everything at once. */
const late = 0.8;

/** The longest sleep between two looks at the wall clock. */
export const longestNapMs = 10_000;

/**
 * Of an SVID just received. Of its validity the part before now, for which it was backdated, does not
 * count; a clock of this machine that is far off does not shorten it beyond a quarter.
 */
export function leaseOf(svid: Pick<X509Svid, 'notAfter' | 'notBefore'>, clock: Times): Lease {
  const validMs = validityMs(svid);
  const leftMs = svid.notAfter * 1000 - clock.unixMs();
  return leaseFor(Math.min(validMs, Math.max(validMs / 4, leftMs)), clock);
}

function leaseFor(lifeMs: number, clock: Times): Lease {
  return {
    receivedMonotonicMs: clock.monotonicMs(),
    receivedUnixMs: clock.unixMs(),
    halfMs: jitterMs(lifeMs / 2, 0.1),
    lateMs: jitterMs(lifeMs * late, 0.1),
  };
}

function validityMs({ notBefore, notAfter }: Pick<X509Svid, 'notAfter' | 'notBefore'>): number {
  return Math.max(0, notAfter - notBefore) * 1000;
}

/** Of an SVID found again after a restart: how long it has been in use only wall time can tell. */
export function leaseOfStored(svid: Pick<X509Svid, 'notAfter' | 'notBefore'>, clock: Times): Lease {
  const lease = leaseFor(validityMs(svid), clock);
  const usedMs = Math.max(0, clock.unixMs() - svid.notBefore * 1000);
  return {
    ...lease,
    receivedMonotonicMs: lease.receivedMonotonicMs - usedMs,
    receivedUnixMs: lease.receivedUnixMs - usedMs,
  };
}

/** Milliseconds until renewal is due; 0 if it is. */
export function dueInMs(lease: Lease, clock: Times): number {
  const monotonic = lease.receivedMonotonicMs + lease.halfMs - clock.monotonicMs();
  const wall = lease.receivedUnixMs + lease.lateMs - clock.unixMs();
  return Math.max(0, Math.min(monotonic, wall));
}

// Keeps an issuer active that can sign leaves of full length: the background job that carries out what
// rotation-plan.ts decides.
import type { Clock } from '../runtime/clock.ts';
import { type Job, startJob } from '../runtime/job.ts';
import type { Logger } from '../runtime/log.ts';
import type { Authorities } from './authorities.ts';
import { nextStep, type RotationStep } from './rotation-plan.ts';

export interface IssuerRotationOptions {
  readonly authorities: Authorities;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The clock on the wall may jump, or the machine be suspended, so it is looked at now and then. */
const longestWaitMs = 3_600_000;

/** Runs until it is stopped. */
export function startIssuerRotation({ authorities, clock, log }: IssuerRotationOptions): Job {
  // of issuers that stopped before this start it is known only that they have stopped by now
  const stoppedAt = new Map<string, number>();
  const now = (): number => Math.floor(clock.unixMs() / 1000);

  return startJob({
    name: 'issuer-rotation',
    clock,
    log,
    async run(signal) {
      for (;;) {
        const issuers = authorities.list().filter(({ role }) => role === 'issuer');
        for (const { id, state } of issuers) {
          if (state === 'retiring' && !stoppedAt.has(id)) stoppedAt.set(id, now());
        }
        const rootNotAfter = authorities.activeRoot()?.notAfter;
        const { settings } = authorities;
        const next = nextStep({ issuers, rootNotAfter, now: now(), stoppedAt, settings });
        if (next.step === 'wait') {
          const left = (rootNotAfter ?? 0) - now();
          if (left < settings.issuerTtlSeconds) {
            log.warn({ secondsLeft: left }, 'the root ends before a new issuer would');
          }
          return Math.max(0, Math.min(longestWaitMs, next.until * 1000 - clock.unixMs()));
        }
        signal.throwIfAborted();
        log.info(next, 'issuer rotation');
        await carryOut(authorities, next);
      }
    },
  });
}

async function carryOut(
  authorities: Authorities,
  next: Exclude<RotationStep, { step: 'wait' }>,
): Promise<void> {
  switch (next.step) {
    case 'prepare':
      await authorities.makeIssuer('prepared');
      break;
    case 'activate':
      await authorities.transition(next.id, 'active');
      break;
    case 'stop':
      await authorities.transition(next.id, 'retiring');
      break;
    case 'retire':
      await authorities.transition(next.id, 'retired');
      break;
  }
}

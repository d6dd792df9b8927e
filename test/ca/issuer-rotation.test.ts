import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Authorities } from '../../src/ca/authorities.ts';
import { startIssuerRotation } from '../../src/ca/issuer-rotation.ts';
import { SignetError } from '../../src/runtime/errors.ts';
import type { Job } from '../../src/runtime/job.ts';
import { silentLogger as log } from '../../src/runtime/log.ts';
import { type ManualClock, manualClock } from '../support/manual-clock.ts';
import { day, dayMs, testAuthorities } from '../support/test-issuance.ts';

// long on a busy machine
vi.setConfig({ testTimeout: 30_000 });

const jobs: Job[] = [];
afterEach(async () => {
  for (const job of jobs.splice(0)) await job.stop();
});

function start(authorities: Authorities, clock: ManualClock): Job {
  const job = startIssuerRotation({ authorities, clock, log });
  jobs.push(job);
  return job;
}

/** Lets everything that is under way come to rest. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 40; turn += 1) await new Promise(setImmediate);
}

/** States of the issuers, once they are the ones hoped for, or after long enough. */
async function comeTo(authorities: Authorities, hoped: readonly string[]) {
  for (let turn = 0; turn < 2000; turn += 1) {
    if (issuerStates(authorities).join() === hoped.join()) break;
    await new Promise(setImmediate);
  }
  return issuerStates(authorities);
}

const issuerStates = (authorities: Authorities) =>
  authorities
    .list()
    .filter(({ role }) => role === 'issuer')
    .map(({ state }) => state);

describe('rotation of the issuer', () => {
  it('prepares, activates, stops and retires in its time', async () => {
    const clock = manualClock();
    const { authorities } = await testAuthorities({ clock });
    start(authorities, clock);
    const at = async (days: number, states: readonly string[]) => {
      while (clock.monotonicMs() < days * dayMs) {
        clock.advance(Math.min(dayMs / 2, days * dayMs - clock.monotonicMs()));
        await settle();
      }
      return comeTo(authorities, states);
    };
    expect(await at(14.5, ['active'])).toEqual(['active']);
    expect(await at(15, ['active', 'prepared'])).toEqual(['active', 'prepared']);
    expect(await at(24.5, ['active', 'prepared'])).toEqual(['active', 'prepared']);
    expect(await at(25, ['retiring', 'active'])).toEqual(['retiring', 'active']);
    expect(await at(25.5, ['retiring', 'active'])).toEqual(['retiring', 'active']);
    expect(await at(26, ['retired', 'active'])).toEqual(['retired', 'active']);
  });

  it('leaves no moment of a year without an issuer that can sign for a whole day', async () => {
    const clock = manualClock();
    const { authorities, ledger } = await testAuthorities({ clock });
    start(authorities, clock);
    await settle();
    for (let hours = 0; hours < 365 * 24; hours += 6) {
      clock.advance(dayMs / 4);
      await settle();
      const { authority } = authorities.activeIssuer();
      expect(authority.notAfter - clock.unixMs() / 1000).toBeGreaterThanOrEqual(day - 10);
      expect(issuerStates(authorities).filter((state) => state === 'active')).toHaveLength(1);
    }
    expect(issuerStates(authorities).length).toBeGreaterThanOrEqual(13);
    const moves = Map.groupBy(ledger.of('authority.moved'), ({ target }) => target);
    const retired = [...moves.values()].filter((list) => list.length === 3);
    expect(retired.length).toBeGreaterThanOrEqual(11);
    for (const list of retired) {
      const states = list.map(({ state }) => state);
      // the first one was made active at once
      expect([['active', 'retiring', 'retired']]).toContainEqual(states);
    }
    expect(authorities.bundle().sequence).toBe(1);
  });

  it('goes on where it was interrupted', async () => {
    const clock = manualClock();
    const first = await testAuthorities({ clock });
    await first.authorities.makeIssuer('prepared');
    clock.advance(25 * dayMs);
    const { authorities } = await testAuthorities(first);
    start(authorities, clock);
    expect(await comeTo(authorities, ['retiring', 'active'])).toEqual(['retiring', 'active']);
  });

  it('stops the older of two that a crash left active', async () => {
    const first = await testAuthorities();
    const clock = first.clock as ManualClock;
    const { id } = await first.authorities.makeIssuer('active');
    const { authorities } = await testAuthorities(first);
    expect(authorities.activeIssuer().authority.id).toBe(id);
    start(authorities, clock);
    expect(await comeTo(authorities, ['retiring', 'active'])).toEqual(['retiring', 'active']);
  });

  it('tries again after the store failed, with a new key, and leaves no draft behind at the next start', async () => {
    const clock = manualClock();
    const opened = await testAuthorities({ clock });
    const { authorities, ledger, keys } = opened;
    clock.advance(15 * dayMs);
    const failures: string[] = [];
    ledger.beforeWrite = async (kind) => {
      if (kind !== 'authority.create') return;
      failures.push(kind);
      throw new SignetError('store.unavailable');
    };
    start(authorities, clock);
    for (let turn = 0; turn < 2000 && failures.length < 2; turn += 1) {
      clock.advance(1000);
      await new Promise(setImmediate);
    }
    expect(failures.length).toBeGreaterThanOrEqual(2);
    expect(issuerStates(authorities)).toEqual(['active']);
    ledger.beforeWrite = async () => undefined;
    for (let turn = 0; turn < 2000 && issuerStates(authorities).length < 2; turn += 1) {
      clock.advance(1000);
      await new Promise(setImmediate);
    }
    expect(issuerStates(authorities)).toEqual(['active', 'prepared']);
    expect((await keys.drafts()).length).toBeGreaterThanOrEqual(2);
    await testAuthorities(opened);
    await expect(keys.drafts()).resolves.toEqual([]);
  });

  it('notices within an hour that the wall clock leapt', async () => {
    const clock = manualClock();
    const { authorities } = await testAuthorities({ clock });
    start(authorities, clock);
    await settle();
    clock.step(15 * dayMs);
    clock.advance(3_600_000);
    expect(await comeTo(authorities, ['active', 'prepared'])).toEqual(['active', 'prepared']);
  });

  it('does nothing when the wall clock goes back', async () => {
    const clock = manualClock();
    const { authorities } = await testAuthorities({ clock });
    start(authorities, clock);
    await settle();
    clock.step(-40 * dayMs);
    clock.advance(3_600_000);
    await settle();
    expect(issuerStates(authorities)).toEqual(['active']);
  });

  it('replaces an issuer that was tainted as soon as it is woken', async () => {
    const { authorities, clock } = await testAuthorities();
    const job = start(authorities, clock as ManualClock);
    await settle();
    await authorities.transition(authorities.activeIssuer().authority.id, 'tainted');
    job.wake();
    expect(await comeTo(authorities, ['tainted', 'active'])).toEqual(['tainted', 'active']);
  });
});

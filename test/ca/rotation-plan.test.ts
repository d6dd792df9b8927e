import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Authority, AuthorityState } from '../../src/ca/authority.ts';
import { handoverTimes, nextStep, type RotationInput } from '../../src/ca/rotation-plan.ts';

const day = 86_400;
const hour = 3600;

const issuer = (id: string, state: AuthorityState, notAfter = 30 * day): Authority => ({
  id,
  role: 'issuer',
  state,
  parentId: 'root',
  certificate: Uint8Array.of(),
  notBefore: notAfter - 30 * day,
  notAfter,
  createdAt: 0,
});

const step = (now: number, issuers: readonly Authority[], more: Partial<RotationInput> = {}) =>
  nextStep({
    issuers,
    rootNotAfter: 3650 * day,
    now,
    stoppedAt: new Map(),
    settings: { svidMaxTtlSeconds: day },
    ...more,
  });

describe('handover from one issuer to the next', () => {
  const times = (life: number, svidMaxTtlSeconds = day) =>
    handoverTimes({ notBefore: 0, notAfter: life }, svidMaxTtlSeconds);

  it('is prepared at half of its life, and done when a sixth is left', () => {
    expect(times(30 * day)).toEqual({ prepareAt: 15 * day, activateAt: 25 * day });
  });

  it('is prepared at most 30 days before its end, and done at most 7', () => {
    expect(times(365 * day)).toEqual({ prepareAt: 335 * day, activateAt: 358 * day });
  });

  it('is done earlier if a leaf of full length would not fit into a sixth', () => {
    expect(times(3 * day)).toEqual({ prepareAt: 1.5 * day, activateAt: 2 * day });
  });

  it('is not done before half of its life, however long leaves may be', () => {
    expect(times(2 * hour)).toEqual({ prepareAt: hour, activateAt: hour });
  });

  it('always lets the last leaf live as long as any, if the issuer lives twice as long', () => {
    const lives = fc.integer({ min: 60, max: 3650 * day });
    const leaves = fc.integer({ min: 1, max: day });
    fc.assert(
      fc.property(lives, leaves, (life, leaf) => {
        fc.pre(life >= 2 * leaf);
        const { prepareAt, activateAt } = times(life, leaf);
        expect(prepareAt).toBeLessThanOrEqual(activateAt);
        expect(prepareAt).toBeGreaterThan(0);
        expect(life - activateAt).toBeGreaterThanOrEqual(leaf);
      }),
    );
  });
});

describe('the next step', () => {
  const active = issuer('a', 'active');
  const prepared = issuer('b', 'prepared', 45 * day);

  it('is to wait until half of the life is gone, then to prepare', () => {
    expect(step(0, [active])).toEqual({ step: 'wait', until: 15 * day });
    expect(step(15 * day - 1, [active])).toEqual({ step: 'wait', until: 15 * day });
    expect(step(15 * day, [active])).toEqual({ step: 'prepare' });
  });

  it('is to wait until a sixth is left, then to activate', () => {
    expect(step(16 * day, [active, prepared])).toEqual({ step: 'wait', until: 25 * day });
    expect(step(25 * day, [active, prepared])).toEqual({ step: 'activate', id: 'b' });
  });

  it('is to stop the older of two that are active', () => {
    const both = [active, issuer('b', 'active', 45 * day)];
    expect(step(25 * day, both)).toEqual({ step: 'stop', id: 'a' });
  });

  it('is to retire one that stopped as long ago as a leaf lives', () => {
    const issuers = [issuer('a', 'retiring'), issuer('b', 'active', 45 * day)];
    const stoppedAt = new Map([['a', 25 * day]]);
    expect(step(26 * day - 1, issuers, { stoppedAt })).toEqual({ step: 'wait', until: 26 * day });
    expect(step(26 * day, issuers, { stoppedAt })).toEqual({ step: 'retire', id: 'a' });
  });

  it('is to retire one that has ended, whenever it stopped', () => {
    const issuers = [issuer('a', 'retiring'), issuer('b', 'active', 45 * day)];
    expect(step(30 * day, issuers)).toEqual({ step: 'retire', id: 'a' });
  });

  it('takes one whose stop nobody saw as stopped just now', () => {
    const issuers = [issuer('a', 'retiring'), issuer('b', 'active', 45 * day)];
    expect(step(26 * day, issuers)).toEqual({ step: 'wait', until: 27 * day });
  });

  it('skips no phase when the clock leaps past all of them', () => {
    expect(step(400 * day, [active])).toEqual({ step: 'prepare' });
    const next = issuer('b', 'prepared', 430 * day);
    expect(step(400 * day, [active, next])).toEqual({ step: 'activate', id: 'b' });
    const now = issuer('b', 'active', 430 * day);
    expect(step(400 * day, [active, now])).toEqual({ step: 'stop', id: 'a' });
  });

  it('is to prepare another if the prepared one has ended meanwhile', () => {
    expect(step(50 * day, [active, prepared])).toEqual({ step: 'prepare' });
  });

  it('is to prepare, then activate at once, if the active one was tainted', () => {
    const tainted = issuer('a', 'tainted');
    expect(step(day, [tainted])).toEqual({ step: 'prepare' });
    expect(step(day, [tainted, prepared])).toEqual({ step: 'activate', id: 'b' });
  });

  it('is nothing where a new issuer would live no longer than the present one', () => {
    const last = { rootNotAfter: active.notAfter };
    expect(step(20 * day, [active], last)).toEqual({ step: 'wait', until: Infinity });
    expect(step(20 * day, [active], { rootNotAfter: undefined })).toEqual({
      step: 'wait',
      until: Infinity,
    });
  });
});

import { describe, expect, it } from 'vitest';
import { type Authority, isAlive, isInBundle } from '../../src/ca/authority.ts';
import { applyChange, newest } from '../../src/ca/authority-list.ts';
import { parseAuthoritySettings } from '../../src/ca/authority-settings.ts';
import { reasonOf } from '../support/reason-of.ts';

const authority = (id: string, given: Partial<Authority> = {}): Authority => ({
  id,
  role: 'root',
  state: 'active',
  parentId: id,
  certificate: Uint8Array.of(1),
  notBefore: 0,
  notAfter: 100,
  createdAt: 0,
  ...given,
});
const receipt = { firstIndex: 0, count: 1, checkpoint: '' };
const changed = (kind: string, result: Authority) => ({ kind, input: result, result, receipt });

describe('the list of authorities', () => {
  const list = { authorities: [authority('a')], sequence: 1 };

  it('is longer after a new one, at its end', () => {
    const after = applyChange(list, changed('authority.create', authority('b')));
    expect(after.authorities.map(({ id }) => id)).toEqual(['a', 'b']);
  });

  it('has the new state of one that moved', () => {
    const tainted = authority('a', { state: 'tainted' });
    expect(applyChange(list, changed('authority.transition', tainted)).authorities).toEqual([
      tainted,
    ]);
  });

  it.each(['entry.create', 'authority.intent', 'agent.attest'])('is the same after %s', (kind) => {
    expect(applyChange(list, changed(kind, authority('b')))).toBe(list);
  });

  it('has a higher sequence whenever a root enters or leaves the bundle, and never else', () => {
    const next = (result: Authority, from = list) =>
      applyChange(from, changed('authority.transition', result)).sequence;
    expect(next(authority('b'))).toBe(2);
    expect(next(authority('b', { role: 'issuer' }))).toBe(1);
    expect(next(authority('a', { state: 'retiring' }))).toBe(1);
    expect(next(authority('a', { state: 'tainted' }))).toBe(1);
    expect(next(authority('a', { state: 'retired' }))).toBe(2);
    expect(next(authority('a', { state: 'revoked' }))).toBe(2);
  });

  it('knows the newest of a role and state', () => {
    const authorities = [
      authority('a'),
      authority('b'),
      authority('c', { role: 'issuer' }),
      authority('d', { state: 'retiring' }),
    ];
    expect(newest({ authorities, sequence: 1 }, 'root', 'active')?.id).toBe('b');
    expect(newest({ authorities, sequence: 1 }, 'issuer', 'prepared')).toBeUndefined();
  });
});

describe('an authority', () => {
  it.each(['prepared', 'active', 'retiring', 'tainted'] as const)(
    'is in the bundle as a root that is %s',
    (state) => {
      expect(isInBundle({ role: 'root', state })).toBe(true);
      expect(isInBundle({ role: 'issuer', state })).toBe(false);
    },
  );

  it.each(['retired', 'revoked'] as const)('is not in the bundle once %s', (state) => {
    expect(isInBundle({ role: 'root', state })).toBe(false);
  });

  it('is alive up to its last second, and not in it', () => {
    expect(isAlive({ notAfter: 100 }, 99)).toBe(true);
    expect(isAlive({ notAfter: 100 }, 100)).toBe(false);
  });
});

describe('settings of authorities', () => {
  it('are 10 years, 30 days and a day unless told otherwise', () => {
    expect(parseAuthoritySettings()).toEqual({
      rootTtlSeconds: 315_360_000,
      issuerTtlSeconds: 2_592_000,
      svidMaxTtlSeconds: 86_400,
      backdateSeconds: 10,
    });
  });

  it.each([
    { rootTtlSeconds: 3599, issuerTtlSeconds: 60 },
    { rootTtlSeconds: 4_000_000_000 },
    { issuerTtlSeconds: 59 },
    { rootTtlSeconds: 3600, issuerTtlSeconds: 3601 },
    { svidMaxTtlSeconds: 0 },
    { svidMaxTtlSeconds: 86_401 },
    { svidMaxTtlSeconds: Number.NaN },
    { backdateSeconds: -1 },
    { backdateSeconds: 601 },
    { issuerTtlSeconds: 3600.5 },
  ])('are refused as %j', (given) => {
    expect(reasonOf(() => parseAuthoritySettings(given))).toBe('authority.settings');
  });
});

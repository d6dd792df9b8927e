import { describe, expect, it } from 'vitest';
import { parseProfile, type ProfileConfig } from '../../src/pki/profile.ts';
import { reasonOf } from '../support/reason-of.ts';

const config: ProfileConfig = { name: 'workload', maxTtlSeconds: 86_400 };

describe('parseProfile', () => {
  it('fills in what SPIRE does', () => {
    expect(parseProfile(config)).toMatchObject({
      name: 'workload',
      maxTtlSeconds: 86_400,
      defaultTtlSeconds: 3600,
      backdateSeconds: 10,
      keyUsage: ['digitalSignature', 'keyEncipherment', 'keyAgreement'],
      extendedKeyUsage: ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'],
    });
  });

  it('has no default beyond its maximum', () => {
    expect(parseProfile({ ...config, maxTtlSeconds: 60 }).defaultTtlSeconds).toBe(60);
  });

  it('does not change with the configuration it came from', () => {
    const keyUsage: ('digitalSignature' | 'keyCertSign')[] = ['digitalSignature'];
    const profile = parseProfile({ ...config, keyUsage });
    keyUsage.push('keyCertSign');
    expect(profile.keyUsage).toEqual(['digitalSignature']);
  });

  it.each([
    { why: 'no time at all', change: { maxTtlSeconds: 0 }, reason: 'profile.ttl' },
    { why: 'more than a day', change: { maxTtlSeconds: 86_401 }, reason: 'profile.ttl' },
    { why: 'fractions', change: { maxTtlSeconds: 1.5 }, reason: 'profile.ttl' },
    { why: 'what is no number', change: { maxTtlSeconds: Number.NaN }, reason: 'profile.ttl' },
    { why: 'a default of nothing', change: { defaultTtlSeconds: 0 }, reason: 'profile.ttl' },
    {
      why: 'a default beyond the maximum',
      change: { defaultTtlSeconds: 86_401 },
      reason: 'profile.ttl',
    },
    { why: 'notBefore in the future', change: { backdateSeconds: -1 }, reason: 'profile.backdate' },
    {
      why: 'more than ten minutes back',
      change: { backdateSeconds: 601 },
      reason: 'profile.backdate',
    },
    { why: 'no key usage', change: { keyUsage: [] }, reason: 'profile.key_usage' },
    {
      why: 'no digitalSignature',
      change: { keyUsage: ['keyAgreement'] },
      reason: 'profile.key_usage',
    },
    {
      why: 'keyCertSign',
      change: { keyUsage: ['digitalSignature', 'keyCertSign'] },
      reason: 'profile.key_usage',
    },
    {
      why: 'cRLSign',
      change: { keyUsage: ['digitalSignature', 'cRLSign'] },
      reason: 'profile.key_usage',
    },
    {
      why: 'a usage twice',
      change: { keyUsage: ['digitalSignature', 'digitalSignature'] },
      reason: 'profile.key_usage',
    },
    {
      why: 'no clientAuth',
      change: { extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'] },
      reason: 'profile.extended_key_usage',
    },
    {
      why: 'OCSP signing',
      change: { extendedKeyUsage: ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.9'] },
      reason: 'profile.extended_key_usage',
    },
  ] satisfies { why: string; change: Partial<ProfileConfig>; reason: string }[])(
    'refuses $why',
    ({ change, reason }) => {
      expect(reasonOf(() => parseProfile({ ...config, ...change }))).toBe(reason);
    },
  );
});

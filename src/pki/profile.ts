// Profiles: the rules a kind of leaf certificate follows. `ProfileConfig` is what somebody wrote,
// `Profile` what passed the checks.
import { SignetError } from '../runtime/errors.ts';
import type { KeyUsage } from './certificate-extensions.ts';
import { usageOid } from './oids.ts';

/** `workload` and `agent` are SVIDs of others, `server` is our own. */
export type ProfileName = 'workload' | 'agent' | 'server';

export interface ProfileConfig {
  readonly name: ProfileName;
  /** Longest validity, counted from the moment of issue; at most 24 hours. */
  readonly maxTtlSeconds: number;
  /** Where nobody wishes for another; defaults to one hour, or less if the maximum is. */
  readonly defaultTtlSeconds?: number;
  /** How far notBefore lies in the past, for verifiers whose clock is behind. */
  readonly backdateSeconds?: number;
  readonly keyUsage?: readonly KeyUsage[];
  /** Dotted OIDs. */
  readonly extendedKeyUsage?: readonly string[];
}

/** What passed the checks: only `parseProfile` makes one. */
export class Profile {
  declare private readonly brand: 'Profile';
  readonly name: ProfileName;
  readonly maxTtlSeconds: number;
  readonly defaultTtlSeconds: number;
  readonly backdateSeconds: number;
  readonly keyUsage: readonly KeyUsage[];
  /** Dotted OIDs. */
  readonly extendedKeyUsage: readonly string[];

  private constructor(config: Required<ProfileConfig>) {
    this.name = config.name;
    this.maxTtlSeconds = config.maxTtlSeconds;
    this.defaultTtlSeconds = config.defaultTtlSeconds;
    this.backdateSeconds = config.backdateSeconds;
    this.keyUsage = [...config.keyUsage];
    this.extendedKeyUsage = [...config.extendedKeyUsage];
  }

  /** @throws SignetError `profile.ttl`, `profile.backdate`, `profile.key_usage`, `profile.extended_key_usage` */
  static parse(config: ProfileConfig): Profile {
    const complete = withDefaults(config);
    check(complete);
    return new Profile(complete);
  }
}

const hour = 3600;
const maxTtl = 24 * hour;
const maxBackdate = 600;
const leafUsages: readonly KeyUsage[] = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
];
const needed = [usageOid.serverAuth, usageOid.clientAuth];

export const parseProfile = (config: ProfileConfig): Profile => Profile.parse(config);

function withDefaults(config: ProfileConfig): Required<ProfileConfig> {
  return {
    defaultTtlSeconds: Math.min(hour, config.maxTtlSeconds),
    backdateSeconds: 10,
    keyUsage: ['digitalSignature', 'keyEncipherment', 'keyAgreement'],
    extendedKeyUsage: needed,
    ...config,
  };
}

function check(config: Required<ProfileConfig>): void {
  const { maxTtlSeconds, defaultTtlSeconds, backdateSeconds, keyUsage } = config;
  if (!isWithin(maxTtlSeconds, 1, maxTtl) || !isWithin(defaultTtlSeconds, 1, maxTtlSeconds)) {
    throw new SignetError('profile.ttl');
  }
  if (!isWithin(backdateSeconds, 0, maxBackdate)) throw new SignetError('profile.backdate');
  const isForLeaves = keyUsage.every((usage) => leafUsages.includes(usage));
  const isDistinct = new Set(keyUsage).size === keyUsage.length;
  if (!isForLeaves || !isDistinct || !keyUsage.includes('digitalSignature')) {
    throw new SignetError('profile.key_usage');
  }
  if (config.extendedKeyUsage.toSorted().join() !== needed.join()) {
    throw new SignetError('profile.extended_key_usage');
  }
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

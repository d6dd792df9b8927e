// How long authorities and what they sign may live.
import { SignetError } from '../runtime/errors.ts';

export interface AuthoritySettings {
  readonly rootTtlSeconds: number;
  /** Cut to the end of the root. */
  readonly issuerTtlSeconds: number;
  /** The longest life of a leaf: an issuer is replaced while it could still sign one. */
  readonly svidMaxTtlSeconds: number;
  /** How far notBefore lies in the past, for verifiers whose clock is behind. */
  readonly backdateSeconds: number;
}

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;
const year = 365 * day;

const defaultAuthoritySettings: AuthoritySettings = {
  rootTtlSeconds: 10 * year,
  issuerTtlSeconds: 30 * day,
  svidMaxTtlSeconds: day,
  backdateSeconds: 10,
};

/** Fills in what is not given. @throws SignetError `authority.settings` */
export function parseAuthoritySettings(given: Partial<AuthoritySettings> = {}): AuthoritySettings {
  const settings = { ...defaultAuthoritySettings, ...given };
  const { rootTtlSeconds, issuerTtlSeconds, svidMaxTtlSeconds, backdateSeconds } = settings;
  const isSound =
    isWithin(rootTtlSeconds, hour, 100 * year) &&
    isWithin(issuerTtlSeconds, minute, rootTtlSeconds) &&
    isWithin(svidMaxTtlSeconds, 1, day) &&
    isWithin(backdateSeconds, 0, 600);
  if (!isSound) throw new SignetError('authority.settings');
  return settings;
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

// Durations as people write them: one whole number and one unit, `90s 15m 1h 30d 10y`.
import { SignetError } from '../runtime/errors.ts';

/** A day has 24 hours and a year 365 days: these are lengths, not calendar dates. */
const secondsOf: Readonly<Record<string, number>> = {
  s: 1,
  m: 60,
  h: 3_600,
  d: 86_400,
  y: 365 * 86_400,
};

/** Of the whole text, without its bounds. */
export const durationPattern = '^[1-9][0-9]{0,9}[smhdy]$';

const duration = /^(?<count>[1-9][0-9]{0,9})(?<unit>[smhdy])$/;

/** The longest that makes sense anywhere, and that dates survive. */
const longestSeconds = 100 * 365 * 86_400;

/**
 * @returns whole seconds, at least 1
 * @throws SignetError `duration.malformed`, `duration.too_long`
 */
export function parseDuration(text: string): number {
  const { count, unit } = duration.exec(text)?.groups ?? {};
  const scale = unit === undefined ? undefined : secondsOf[unit];
  if (scale === undefined) throw new SignetError('duration.malformed');
  const seconds = Number(count) * scale;
  if (seconds > longestSeconds) throw new SignetError('duration.too_long');
  return seconds;
}

/** In the largest unit that needs no fraction; the reverse of `parseDuration`. */
export function formatDuration(seconds: number): string {
  const units = Object.entries(secondsOf).toReversed();
  const [unit = 's', scale = 1] = units.find(([, size]) => seconds % size === 0) ?? [];
  return `${seconds / scale}${unit}`;
}

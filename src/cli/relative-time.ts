// Times as people read them: how long ago, or in how long.
const units = [
  { name: 'y', ms: 365 * 86_400_000 },
  { name: 'd', ms: 86_400_000 },
  { name: 'h', ms: 3_600_000 },
  { name: 'm', ms: 60_000 },
  { name: 's', ms: 1000 },
] as const;

/**
 * @param time RFC 3339
 * @returns `in 59 m`, `3 d ago`, `now`; rounded towards zero
 */
export function relativeTime(time: string, nowMs: number): string {
  const distance = Date.parse(time) - nowMs;
  if (Number.isNaN(distance)) return '?';
  const size = Math.abs(distance);
  const unit = units.find(({ ms }) => size >= ms);
  if (unit === undefined) return 'now';
  const amount = `${Math.floor(size / unit.ms)} ${unit.name}`;
  return distance > 0 ? `in ${amount}` : `${amount} ago`;
}

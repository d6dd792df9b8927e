// Reads the two forms of time in certificates (RFC 5280 4.1.2.5): whole seconds, Zulu, each form only
// for the years it is meant for.
import { SignetError } from '../runtime/errors.ts';
import { type DerReader, tag } from './der-reader.ts';

/**
 * Reads UTCTime (1950 to 2049) or GeneralizedTime (from 2050).
 *
 * @returns Unix seconds
 * @throws SignetError `der.time`, `der.*`
 */
export function readTime(reader: DerReader): number {
  const isUtc = reader.peek() === tag.utcTime;
  const text = reader
    .read(isUtc ? tag.utcTime : tag.generalizedTime)
    .content()
    .toString('latin1');
  const century = isUtc ? (text < '5' ? '20' : '19') : '';
  const [, ...fields] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(century + text)?.map(Number) ?? [];
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = fields;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  // a date that is not in the calendar turns into another one
  const isReal =
    date.toISOString().replaceAll(/[-:T]/g, '').slice(0, 14) === (century + text).slice(0, 14);
  if (fields.length === 0 || !isReal || (!isUtc && year < 2050)) throw new SignetError('der.time');
  return date.getTime() / 1000;
}

// One object as text, a line for each member.
import { relativeTime } from './relative-time.ts';

const time = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;

/** Lists have a line for each item; what is empty or off is left out. */
export function renderFields(value: object, nowMs: number): string {
  const fields = Object.entries(value).filter(([, field]) => !isEmpty(field));
  const width = Math.max(0, ...fields.map(([name]) => name.length));
  return fields
    .flatMap(([name, field]: [string, unknown]) => {
      const items: readonly unknown[] = Array.isArray(field) ? field : [field];
      return items.map((item, at) => {
        const label = (at === 0 ? name : '').padEnd(width);
        return `${label}  ${textOf(item, nowMs)}\n`;
      });
    })
    .join('');
}

function textOf(item: unknown, nowMs: number): string {
  if (typeof item !== 'string') return JSON.stringify(item);
  const text = item.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
  return time.test(text) ? `${text} (${relativeTime(text, nowMs)})` : text;
}

function isEmpty(field: unknown): boolean {
  if (Array.isArray(field)) return field.length === 0;
  return field === null || field === undefined || field === '' || field === false;
}

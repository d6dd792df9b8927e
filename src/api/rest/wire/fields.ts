// Kinds of members that requests and answers have in common, and how they are written: times as RFC
// 3339 in UTC, bytes as base64url, serials and hashes as lower-case hex.
import { type TProperties, Type } from 'typebox';
import { SignetError } from '../../../runtime/errors.ts';

/** Objects know all their members: what is not named is refused. */
export function object<Members extends TProperties>(members: Members, description?: string) {
  const described = description === undefined ? {} : { description };
  return Type.Object(members, { additionalProperties: false, ...described });
}

export const spiffeIdText = Type.String({
  maxLength: 2048,
  examples: ['spiffe://example.org/web'],
});
export const selectorText = Type.String({ maxLength: 2048, examples: ['unix:uid:1000'] });
export const hex = Type.String({ pattern: '^([0-9a-f]{2}){1,32}$', examples: ['0a1b2c'] });
/** Room for a CSR or a certificate chain. */
export const base64url = Type.String({ pattern: '^[A-Za-z0-9_-]*$', maxLength: 65_536 });
export const time = Type.String({
  pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,3})?Z$',
  examples: ['2030-01-31T23:59:59Z'],
});
export const entryIdText = Type.String({ pattern: '^[A-Za-z0-9._-]{1,255}$' });
export const ttlSeconds = Type.Integer({ minimum: 0, maximum: 10 * 365 * 86_400 });
export const logIndex = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

/** What every list takes. */
export const pageQuery = {
  pageSize: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
  cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 4096 })),
};
export const defaultPageSize = 100;

/** What every list gives. */
export function pageOf<Item extends TProperties>(item: ReturnType<typeof object<Item>>) {
  return object({
    items: Type.Array(item),
    nextCursor: Type.Optional(Type.String({ description: 'absent on the last page' })),
  });
}

export function formatSeconds(unixSeconds: number): string {
  return formatMs(unixSeconds * 1000).replace('.000Z', 'Z');
}

export function formatMs(unixMs: number): string {
  return new Date(unixMs).toISOString();
}

/**
 * Unix milliseconds.
 *
 * @throws SignetError `rest.time` for text that `time` lets through and that is no date, such as a 31 June
 */
export function parseTime(text: string): number {
  const unixMs = Date.parse(text);
  const again = Number.isNaN(unixMs) ? '' : new Date(unixMs).toISOString();
  if (again.slice(0, 19) !== text.slice(0, 19)) throw new SignetError('rest.time');
  return unixMs;
}

/** @throws SignetError `rest.bytes` for a spelling that encoders do not produce */
export function decodeBytes(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.toString('base64url') !== text) throw new SignetError('rest.bytes');
  return bytes;
}

export function encodeBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}

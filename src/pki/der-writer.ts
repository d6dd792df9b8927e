// Writes DER (X.690 10): the few forms that certificates and requests are made of.
import { SignetError } from '../runtime/errors.ts';

/** One element. `tag` is its whole first byte. Content has at most 65,535 bytes. */
export function tlv(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag, ...lengthBytes(content.length)]), content]);
}

export const sequence = (...parts: readonly Uint8Array[]): Buffer => tlv(0x30, ...parts);
export const set = (...parts: readonly Uint8Array[]): Buffer => tlv(0x31, ...parts);
export const octetString = (content: Uint8Array): Buffer => tlv(0x04, content);
/** A BIT STRING of whole bytes. */
export const bitString = (content: Uint8Array): Buffer => tlv(0x03, Uint8Array.of(0), content);

/** An INTEGER of at least 0 from big-endian bytes, in its shortest form. */
export function unsigned(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = first === -1 ? Uint8Array.of(0) : bytes.subarray(first);
  return (digits[0] ?? 0) < 0x80 ? tlv(0x02, digits) : tlv(0x02, Uint8Array.of(0), digits);
}

/** A BIT STRING of named bits, bit 0 of `bits` first; without zeros at the end. */
export function namedBits(bits: number): Buffer {
  const digits = Array.from(bits.toString(2)).toReversed();
  if (bits === 0) return tlv(0x03, Uint8Array.of(0));
  const bytes = Array.from({ length: Math.ceil(digits.length / 8) }, (_, i) =>
    Number.parseInt(
      digits
        .slice(8 * i, 8 * i + 8)
        .join('')
        .padEnd(8, '0'),
      2,
    ),
  );
  return tlv(0x03, Uint8Array.of(8 * bytes.length - digits.length, ...bytes));
}

/** An OBJECT IDENTIFIER in dotted form, such as `2.5.29.17`. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return tlv(0x06, Uint8Array.from([40 * first + second, ...rest].flatMap(base128)));
}

const firstGeneralized = Date.UTC(2050, 0, 1) / 1000;
const firstUtc = Date.UTC(1950, 0, 1) / 1000;
const afterLast = Date.UTC(10_000, 0, 1) / 1000;

/**
 * A moment as certificates hold it: UTCTime through 2049, GeneralizedTime from 2050 (RFC 5280 4.1.2.5).
 *
 * @param seconds Unix seconds, whole, from 1950 to 9999
 * @throws SignetError `der.time`
 */
export function time(seconds: number): Buffer {
  return seconds < firstGeneralized ? utcTime(seconds) : generalizedTime(seconds);
}

function utcTime(seconds: number): Buffer {
  return tlv(0x17, Buffer.from(digitsOf(seconds).slice(2)));
}

function generalizedTime(seconds: number): Buffer {
  return tlv(0x18, Buffer.from(digitsOf(seconds)));
}

/** `YYYYMMDDhhmmssZ` */
function digitsOf(seconds: number): string {
  if (!Number.isInteger(seconds) || seconds < firstUtc || seconds >= afterLast) {
    throw new SignetError('der.time');
  }
  return `${new Date(seconds * 1000).toISOString().replaceAll(/[-:T]/g, '').slice(0, 14)}Z`;
}

/** An Extension (RFC 5280 4.1). `value` is the DER inside its OCTET STRING. */
export function extension(dotted: string, value: Uint8Array, isCritical = false): Buffer {
  const critical = isCritical ? [tlv(0x01, Uint8Array.of(0xff))] : [];
  return sequence(oid(dotted), ...critical, octetString(value));
}

/** A DirectoryString: PrintableString where its alphabet allows, UTF8String elsewhere. */
export function directoryString(text: string): Buffer {
  return tlv(/^[A-Za-z0-9 '()+,./:=?-]*$/.test(text) ? 0x13 : 0x0c, Buffer.from(text));
}

function lengthBytes(length: number): number[] {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}

function base128(value: number): number[] {
  const bytes = [value % 128];
  for (let left = Math.floor(value / 128); left > 0; left = Math.floor(left / 128)) {
    bytes.unshift(0x80 + (left % 128));
  }
  return bytes;
}

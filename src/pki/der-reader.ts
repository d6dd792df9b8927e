// Reads DER strictly (X.690 10): definite and minimal lengths, one-byte tags, nothing left over. It is
// a cursor over one buffer and copies nothing.
import { SignetError } from '../runtime/errors.ts';
import type { Reason } from '../runtime/reasons.ts';

/** Universal tags, and the context tags 0 to 3 that the structures of X.509 use. */
export const tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  context: (number: number): number => 0x80 + number,
  constructed: (number: number): number => 0xa0 + number,
} as const;

const multiByteTag = 0x1f;
const maxLengthBytes = 3;

export class DerReader {
  readonly bytes: Buffer;
  readonly #limit: number;
  #next: number;
  #element = 0;
  #start = 0;
  #end = 0;

  /** Reads `bytes` from index `from` to before `to`. */
  constructor(bytes: Uint8Array, from = 0, to = bytes.length) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#next = from;
    this.#limit = to;
  }

  /**
   * A reader over the content of the one element that `bytes` consist of.
   *
   * @throws SignetError `der.*`
   */
  static only(bytes: Uint8Array, expected: number): DerReader {
    const reader = new DerReader(bytes).read(expected);
    reader.finish();
    return reader.inside();
  }

  get done(): boolean {
    return this.#next === this.#limit;
  }

  /** Tag of the element that comes next, -1 at the end. */
  peek(): number {
    return this.#next < this.#limit ? (this.bytes[this.#next] ?? -1) : -1;
  }

  /**
   * Steps over the next element, which must have this tag.
   *
   * @throws SignetError `der.tag`, `der.length`
   */
  read(expected: number): this {
    const { bytes } = this;
    const limit = this.#limit;
    const at = this.#next;
    if (at >= limit || bytes[at] !== expected || (expected & multiByteTag) === multiByteTag) {
      return fail('der.tag', at);
    }
    let start = at + 2;
    if (start > limit) fail('der.length', at);
    let length = bytes[at + 1] ?? 0;
    if (length >= 0x80) {
      const count = length & 0x7f;
      if (count === 0 || count > maxLengthBytes || start + count > limit) fail('der.length', at);
      length = bytes.readUIntBE(start, count);
      if (length < 0x80 || length < 2 ** (8 * (count - 1))) fail('der.length', at);
      start += count;
    }
    const end = start + length;
    if (end > limit) fail('der.length', at);
    this.#element = at;
    this.#start = start;
    this.#end = end;
    this.#next = end;
    return this;
  }

  /** Steps over the next element, whatever it is. */
  skip(): this {
    return this.read(this.peek());
  }

  /** A reader over the content of the element just read. */
  inside(): DerReader {
    return new DerReader(this.bytes, this.#start, this.#end);
  }

  /** The element just read with its header; a view. */
  raw(): Buffer {
    return this.bytes.subarray(this.#element, this.#end);
  }

  /** The content of the element just read; a view. */
  content(): Buffer {
    return this.bytes.subarray(this.#start, this.#end);
  }

  /** Whether the element just read, with its header, is `expected`. */
  is(expected: Uint8Array): boolean {
    return this.bytes.compare(expected, 0, expected.length, this.#element, this.#end) === 0;
  }

  /** @throws SignetError `der.trailing` if something is left */
  finish(): void {
    if (!this.done) fail('der.trailing', this.#next);
  }

  /**
   * Reads an INTEGER of at least 0 in its shortest form.
   *
   * @returns its bytes, big-endian; a view that may begin with the 0 of the sign
   */
  unsigned(): Buffer {
    const content = this.read(tag.integer).content();
    const [first = 0x80, second = 0x80] = content;
    if (first >= 0x80 || (first === 0 && content.length > 1 && second < 0x80)) {
      fail('der.integer', this.#start);
    }
    return content;
  }

  /** Reads an INTEGER from 0 to 2^31 - 1. */
  small(): number {
    const content = this.unsigned();
    if (content.length > 4) fail('der.integer', this.#start);
    return content.readUIntBE(0, content.length);
  }

  /** Reads a BOOLEAN that is TRUE if it is there; FALSE is the default and must be left out. */
  flag(): boolean {
    if (this.peek() !== tag.boolean) return false;
    const content = this.read(tag.boolean).content();
    if (content.length !== 1 || content[0] !== 0xff) fail('der.boolean', this.#start);
    return true;
  }

  /** Reads a BIT STRING of whole bytes and gives them. */
  octets(): Buffer {
    const content = this.read(tag.bitString).content();
    if (content[0] !== 0) fail('der.bit_string', this.#start);
    return content.subarray(1);
  }

  /**
   * Reads a BIT STRING whose bits are named, the first as bit 0 of the result. At most 16 bits, no
   * zero at the end.
   */
  namedBits(): number {
    const content = this.read(tag.bitString).content();
    const [unused = 8, first = 0, second = 0] = content;
    const last = content.at(-1) ?? 0;
    const isMinimal = content.length === 1 ? unused === 0 : ((last >> unused) & 1) === 1;
    const isClean = (last & (2 ** unused - 1)) === 0 || content.length === 1;
    if (unused > 7 || content.length > 3 || !isMinimal || !isClean) {
      fail('der.bit_string', this.#start);
    }
    let bits = 0;
    for (let i = 0; i < 8; i += 1) {
      bits |= ((first >> (7 - i)) & 1) << i;
      bits |= ((second >> (7 - i)) & 1) << (8 + i);
    }
    return bits;
  }
}

function fail(reason: Reason, at: number): never {
  throw new SignetError(reason, { details: { at } });
}

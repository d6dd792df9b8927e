// Leaves packed into one buffer, so that they move between threads without a copy.
import { SignetError } from '../runtime/errors.ts';

/** Records of u32be length, the leaf prefix 0x00 (RFC 6962 2.1), leaf data; the length counts both. */
export interface PackedLeaves {
  /** A buffer of its own, hence transferable. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly count: number;
}

const headBytes = 5;

/** @param leaves leaf data as `encodeLeaf` makes it */
export function packLeaves(leaves: readonly Uint8Array[]): PackedLeaves {
  const size = leaves.reduce((sum, { length }) => sum + headBytes + length, 0);
  const bytes = Buffer.from(new ArrayBuffer(size));
  let at = 0;
  for (const leaf of leaves) {
    at = bytes.writeUInt32BE(leaf.length + 1, at) + 1;
    bytes.set(leaf, at);
    at += leaf.length;
  }
  return { bytes, count: leaves.length };
}

/**
 * Reads them back, each with its prefix, so that hashing needs no copy; views of the buffer.
 *
 * @throws SignetError `leaf.packing` if the buffer is not whole
 */
export function* unpackLeaves({ bytes, count }: PackedLeaves): Generator<Buffer> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  for (let left = count; left > 0; left -= 1) {
    const start = at + headBytes - 1;
    const end = start <= buffer.length ? start + buffer.readUInt32BE(at) : Infinity;
    if (end > buffer.length || buffer[start] !== 0) throw new SignetError('leaf.packing');
    yield buffer.subarray(start, end);
    at = end;
  }
  if (at !== buffer.length) throw new SignetError('leaf.packing');
}

// Serial numbers: 48 bits of Unix milliseconds, so that the index on them grows at its end only, then
// 80 bits from the CSPRNG, more than the 64 that CAs owe.
import { randomFillSync } from 'node:crypto';
import type { Clock } from '../runtime/clock.ts';
import { SignetError } from '../runtime/errors.ts';

export const serialBytes = 16;

/** Fills the whole buffer with random bytes, or throws. */
export type RandomFill = (into: Buffer) => unknown;

const timeBytes = 6;
const randomBytes = serialBytes - timeBytes;
const pooledSerials = 512;
/** From 2004 the first byte is not 0, and until 6429 its top bit is clear. */
const firstMs = 2 ** 40;
const afterLastMs = 2 ** 47;

export class SerialSource {
  readonly #clock: Pick<Clock, 'unixMs'>;
  readonly #random: RandomFill;
  readonly #pool = Buffer.alloc(randomBytes * pooledSerials);
  #used = this.#pool.length;

  constructor(clock: Pick<Clock, 'unixMs'>, random: RandomFill = randomFillSync) {
    this.#clock = clock;
    this.#random = random;
  }

  /**
   * @returns 16 bytes, a positive INTEGER in its shortest form
   * @throws SignetError `serial.randomness`, `serial.clock`; then nothing must be signed
   */
  next(): Buffer {
    const unixMs = this.#clock.unixMs();
    if (!Number.isInteger(unixMs) || unixMs < firstMs || unixMs >= afterLastMs) {
      throw new SignetError('serial.clock');
    }
    if (this.#used === this.#pool.length) this.#refill();
    const serial = Buffer.allocUnsafe(serialBytes);
    serial.writeUIntBE(unixMs, 0, timeBytes);
    this.#pool.copy(serial, timeBytes, this.#used, this.#used + randomBytes);
    this.#used += randomBytes;
    return serial;
  }

  /** A source that fails, gives the same twice or leaves a stretch unfilled gives no serial. */
  #refill(): void {
    const before = Buffer.from(this.#pool);
    try {
      this.#random(this.#pool);
    } catch (cause) {
      throw new SignetError('serial.randomness', { cause });
    }
    for (let at = 0; at < before.length; at += randomBytes) {
      if (before.compare(this.#pool, at, at + randomBytes, at, at + randomBytes) === 0) {
        throw new SignetError('serial.randomness');
      }
    }
    this.#used = 0;
  }
}

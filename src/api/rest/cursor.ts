// Cursors of lists: the key of the last item, signed with a key of this process together with the list
// and the filter it belongs to, so that nobody makes one up or carries one over to another list.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { SignetError } from '../../runtime/errors.ts';

const macBytes = 16;
const maxCursorLength = 4096;

export class Cursors {
  readonly #key: Uint8Array;

  /** @param key 32 random bytes, other ones in each process */
  constructor(key: Uint8Array = randomBytes(32)) {
    this.#key = key;
  }

  /** @param scope the list with its filter: whatever must be the same on the next page */
  seal(scope: unknown, last: string): string {
    const payload = Buffer.from(last);
    return Buffer.concat([this.#mac(scope, payload), payload]).toString('base64url');
  }

  /** @throws SignetError `rest.cursor` */
  open(scope: unknown, cursor: string): string {
    if (cursor.length > maxCursorLength) throw new SignetError('rest.cursor');
    const bytes = Buffer.from(cursor, 'base64url');
    const [mac, payload] = [bytes.subarray(0, macBytes), bytes.subarray(macBytes)];
    const isOurs =
      bytes.toString('base64url') === cursor &&
      mac.length === macBytes &&
      timingSafeEqual(mac, this.#mac(scope, payload));
    if (!isOurs) throw new SignetError('rest.cursor');
    return payload.toString();
  }

  #mac(scope: unknown, payload: Uint8Array): Buffer {
    // JSON has no NUL, so where one ends and the other begins is clear.
    const hmac = createHmac('sha256', this.#key).update(JSON.stringify(scope)).update('\0');
    return hmac.update(payload).digest().subarray(0, macBytes);
  }
}

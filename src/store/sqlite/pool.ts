// Where units wait for the batch under way to become durable. It is bounded: what does not fit is
// refused at once, so that a slow disk is felt by callers and not by memory.
import type { Receipt } from '../../audit/ledger.ts';
import { SignetError } from '../../runtime/errors.ts';
import type { Unit } from './protocol.ts';

export interface Waiting {
  readonly unit: Unit;
  resolve(committed: Receipt & { readonly result: unknown }): void;
  reject(error: SignetError): void;
}

const maxLeaves = 4096;
const maxBytes = 4 * 1024 * 1024;
/** What a change is taken for; its input was bounded when it was parsed. */
const changeBytes = 1024;

export class Pool {
  #waiting: Waiting[] = [];
  #leaves = 0;
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** @throws SignetError `store.overloaded` */
  add(waiting: Waiting): void {
    const { change, leaves } = waiting.unit;
    const count = this.#leaves + (leaves?.count ?? 0) + (change === undefined ? 0 : 1);
    const bytes =
      this.#bytes + (leaves?.bytes.length ?? 0) + (change === undefined ? 0 : changeBytes);
    if (count > maxLeaves || bytes > maxBytes) throw new SignetError('store.overloaded');
    [this.#leaves, this.#bytes] = [count, bytes];
    this.#waiting.push(waiting);
  }

  /** Empties it. */
  take(): Waiting[] {
    const taken = this.#waiting;
    this.#waiting = [];
    [this.#leaves, this.#bytes] = [0, 0];
    return taken;
  }
}

import { EventEmitter } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { GroupCommit } from '../../../src/store/sqlite/group-commit.ts';
import type { FromWriter, ToWriter } from '../../../src/store/sqlite/protocol.ts';
import type { StoreChanges } from '../../../src/store/store.ts';
import type { Reason } from '../../../src/runtime/reasons.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { issued, reasonFrom } from '../builders.ts';

/** A writer thread that answers when the test says so. */
class FakeThread extends EventEmitter {
  readonly sent: ToWriter[] = [];
  postMessage(message: ToWriter): void {
    this.sent.push(message);
    this.emit('sent');
  }
  answer(message: FromWriter): void {
    this.emit('message', message);
  }
}

function setup() {
  const thread = new FakeThread();
  const fatal: Reason[] = [];
  const ledger = new GroupCommit<StoreChanges>({
    thread: thread as unknown as Worker,
    clock: manualClock(),
    onFatal: ({ reason }) => fatal.push(reason),
  });
  const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  return { thread, ledger, fatal, turn };
}

const outcome = { result: undefined, firstIndex: 1, count: 1, consequences: [] };
const failure = { reason: 'internal', details: {}, cause: 'SQLITE_IOERR_FSYNC' } as const;
const unitsOf = (message: ToWriter | undefined) =>
  message === undefined || message === 'close' ? 0 : message.units.length;

describe('group commit', () => {
  it('sends what arrives in one turn as one batch, and what comes meanwhile as the next', async () => {
    const { thread, ledger, turn } = setup();
    const first = [ledger.append(issued('01')), ledger.append(issued('02'))];
    await turn();
    const second = [
      ledger.append(issued('03')),
      ledger.append(issued('04')),
      ledger.append(issued('05')),
    ];
    await turn();
    expect(thread.sent.map(unitsOf)).toEqual([2]);
    thread.answer({ committed: [outcome, outcome], checkpoint: 'a' });
    expect((await Promise.all(first)).map(({ checkpoint }) => checkpoint)).toEqual(['a', 'a']);
    await turn();
    expect(thread.sent.map(unitsOf)).toEqual([2, 3]);
    thread.answer({ committed: [outcome, outcome, outcome], checkpoint: 'b' });
    expect((await Promise.all(second)).map(({ checkpoint }) => checkpoint)).toEqual([
      'b',
      'b',
      'b',
    ]);
  });

  it('acknowledges nothing before the writer has answered', async () => {
    const { ledger, turn } = setup();
    let isSettled = false;
    void ledger.append(issued('01')).finally(() => (isSettled = true));
    await turn();
    await turn();
    expect(isSettled).toBe(false);
  });

  it('rejects a batch that failed, and no other', async () => {
    const { thread, ledger, turn } = setup();
    const failed = reasonFrom(ledger.append(issued('01')));
    await turn();
    const next = ledger.append(issued('02'));
    thread.answer({ failed: { ...failure, reason: 'store.unavailable' } });
    expect(await failed).toBe('store.unavailable');
    await turn();
    thread.answer({ committed: [outcome], checkpoint: 'a' });
    expect((await next).checkpoint).toBe('a');
  });

  it('ends the process when the disk has lied, and acknowledges nothing any more', async () => {
    const { thread, ledger, fatal, turn } = setup();
    const under = reasonFrom(ledger.append(issued('01')));
    await turn();
    const waiting = reasonFrom(ledger.append(issued('02')));
    thread.answer({ fatal: failure });
    expect(fatal).toEqual(['internal']);
    expect(await Promise.all([under, waiting])).toEqual(['store.unavailable', 'store.unavailable']);
    expect(await reasonFrom(ledger.append(issued('03')))).toBe('store.unavailable');
  });

  it.each(['error', 'exit'])('fails closed when its thread meets %s', async (event) => {
    const { thread, ledger, turn } = setup();
    const under = reasonFrom(ledger.append(issued('01')));
    await turn();
    thread.emit(event, new Error('out of memory'));
    expect(await under).toBe('store.unavailable');
    expect(await reasonFrom(ledger.append(issued('02')))).toBe('store.unavailable');
    await ledger.drain();
  });

  it('copies leaves that share a buffer with something else', async () => {
    const { thread, ledger, turn } = setup();
    const { bytes, count } = issued('01');
    const shared = new Uint8Array(new ArrayBuffer(bytes.length + 8), 4, bytes.length);
    shared.set(bytes);
    void ledger.append({ bytes: shared, count });
    await turn();
    const [message] = thread.sent;
    const units = message === undefined || message === 'close' ? [] : message.units;
    expect(units[0]?.leaves?.bytes.buffer.byteLength).toBe(bytes.length);
  });
});

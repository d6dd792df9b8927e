import { describe, expect, it } from 'vitest';
import { Latest } from '../../src/runtime/latest.ts';

const never = new AbortController().signal;

describe('Latest', () => {
  it('yields what is there, then what it becomes', async () => {
    const latest = new Latest(1);
    const reader = latest.watch(never);
    expect(await reader.next()).toEqual({ done: false, value: 1 });
    const next = reader.next();
    latest.set(2);
    expect(await next).toEqual({ done: false, value: 2 });
  });

  it('lets a slow reader miss what was superseded', async () => {
    const latest = new Latest(1);
    const reader = latest.watch(never);
    await reader.next();
    for (const value of [2, 3, 4]) latest.set(value);
    expect((await reader.next()).value).toBe(4);
  });

  it('does not wake readers for the same value', async () => {
    const latest = new Latest(1);
    const reader = latest.watch(never);
    await reader.next();
    let woken = false;
    const next = reader.next().then(() => (woken = true));
    latest.set(1);
    await new Promise(setImmediate);
    expect(woken).toBe(false);
    latest.set(2);
    await next;
  });

  it('serves many readers, each at its own speed', async () => {
    const latest = new Latest('a');
    const [fast, slow] = [latest.watch(never), latest.watch(never)];
    expect((await fast.next()).value).toBe('a');
    latest.set('b');
    expect((await fast.next()).value).toBe('b');
    expect((await slow.next()).value).toBe('b');
  });

  it('ends a waiting reader when its signal aborts', async () => {
    const aborter = new AbortController();
    const reader = new Latest(1).watch(aborter.signal);
    await reader.next();
    const next = reader.next();
    aborter.abort();
    expect((await next).done).toBe(true);
  });

  it('yields nothing once the signal is aborted', async () => {
    const values: number[] = [];
    for await (const value of new Latest(1).watch(AbortSignal.abort())) values.push(value);
    expect(values).toEqual([]);
  });
});

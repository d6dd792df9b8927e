import { describe, expect, it } from 'vitest';
import { assertAlive, callerOf } from '../../src/api/caller.ts';
import type { Caller } from '../../src/api/identity-source.ts';
import { mapped, merge } from '../../src/api/merge.ts';
import { StreamLimit } from '../../src/api/stream-limit.ts';
import type { CallContext } from '../../src/rpc/call.ts';
import { Latest } from '../../src/runtime/latest.ts';
import { reasonOf } from '../support/reason-of.ts';

const processOf = (pid: number, isAlive = true): Caller => ({
  process: { pid, uid: 1000, gid: 1000, isAlive: () => isAlive },
});

async function* of<T>(...items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
async function* never(): AsyncGenerator<never> {
  yield* [];
  await new Promise(() => undefined);
}
async function* failing(): AsyncGenerator<never> {
  yield* [];
  await Promise.reject(new Error('gone'));
}

describe('merge', () => {
  it('yields what comes from any, and ends with the first that ends', async () => {
    const items: number[] = [];
    for await (const item of merge(of(1, 2, 3), never())) items.push(item);
    expect(items).toEqual([1, 2, 3]);
  });

  it('fails with the first that fails', async () => {
    await expect(merge(never(), failing()).next()).rejects.toThrow('gone');
  });

  it('pulls a source again only when its last item was taken', async () => {
    const [value, ending] = [new Latest(0), new AbortController()];
    const merged = merge(value.watch(ending.signal), never());
    expect((await merged.next()).value).toBe(0);
    for (const next of [1, 2, 3]) value.set(next);
    expect((await merged.next()).value).toBe(3);
    ending.abort();
    expect((await merged.next()).done).toBe(true);
  });

  it('lets go of its sources when it is left', async () => {
    let isLeft = false;
    const source = (async function* () {
      try {
        yield* [1, 2];
      } finally {
        isLeft = true;
      }
    })();
    for await (const item of merge(source, never())) if (item === 1) break;
    await new Promise(setImmediate); // it is not waited for
    expect(isLeft).toBe(true);
  });
});

describe('mapped', () => {
  it('takes a loop that was begun by hand', async () => {
    const iterator = of(1, 2, 3);
    await iterator.next();
    const rest: string[] = [];
    for await (const item of mapped(iterator, String)) rest.push(item);
    expect(rest).toEqual(['2', '3']);
  });
});

describe('StreamLimit', () => {
  const { signal } = new AbortController();

  it('counts the streams of one process apart from those of others', () => {
    const limit = new StreamLimit(2);
    const first = limit.enter(processOf(1), signal);
    limit.enter(processOf(1), signal);
    expect(reasonOf(() => limit.enter(processOf(1), signal))).toBe('caller.too_many_streams');
    expect(reasonOf(() => limit.enter(processOf(2), signal))).toBeUndefined();
    first[Symbol.dispose]();
    first[Symbol.dispose](); // counts once
    expect(reasonOf(() => limit.enter(processOf(1), signal))).toBeUndefined();
    expect(reasonOf(() => limit.enter(processOf(1), signal))).toBe('caller.too_many_streams');
  });

  it('ends what a stream waits for with the stream, and with the call', () => {
    const [limit, call] = [new StreamLimit(2), new AbortController()];
    const [left, cancelled] = [1, 2].map((pid) => limit.enter(processOf(pid), call.signal));
    left?.[Symbol.dispose]();
    expect([left?.signal.aborted, cancelled?.signal.aborted]).toEqual([true, false]);
    call.abort();
    expect(cancelled?.signal.aborted).toBe(true);
  });
});

describe('a caller', () => {
  const contextOf = (peer: CallContext['peer']) => ({ peer }) as CallContext;

  it('is a process of this machine, and nobody who comes over the network', () => {
    const { process } = processOf(1);
    expect(callerOf(contextOf({ kind: 'unix', process }))).toEqual({ process });
    const remote = contextOf({ kind: 'tls', chain: [], address: '127.0.0.1' });
    expect(reasonOf(() => callerOf(remote))).toBe('caller.not_local');
  });

  it('is sent nothing once its process has ended', () => {
    expect(reasonOf(() => assertAlive(processOf(1)))).toBeUndefined();
    expect(reasonOf(() => assertAlive(processOf(1, false)))).toBe('workload.exited');
  });
});

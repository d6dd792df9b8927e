import { expect, test } from 'vitest';
import { throttle } from '../../src/agent/throttle.ts';
import { manualClock } from '../support/manual-clock.ts';

function rig() {
  const clock = manualClock();
  const stop = new AbortController();
  let runs = 0;
  const ask = throttle({ clock, spanMs: 500, signal: stop.signal, run: () => (runs += 1) });
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await Promise.resolve();
    await Promise.resolve();
    await Promise.resolve();
  };
  return { ask, pass, stop, runs: () => runs };
}

test('the first is let through at once, those that follow as one when the span is over', async () => {
  const { ask, pass, runs } = rig();
  for (let asked = 0; asked < 10; asked += 1) ask();
  expect(runs()).toBe(1);
  await pass(499);
  expect(runs()).toBe(1);
  await pass(1);
  expect(runs()).toBe(2);
  await pass(5000);
  expect(runs()).toBe(2);
});

test('after a pause the next is let through at once again', async () => {
  const { ask, pass, runs } = rig();
  ask();
  await pass(500);
  ask();
  expect(runs()).toBe(2);
});

test('nothing is let through any more once it was stopped', async () => {
  const { ask, pass, stop, runs } = rig();
  ask();
  ask();
  stop.abort();
  ask();
  await pass(1000);
  expect(runs()).toBe(1);
});

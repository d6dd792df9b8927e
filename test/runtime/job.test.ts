import { describe, expect, it } from 'vitest';
import { type Job, startJob } from '../../src/runtime/job.ts';
import { silentLogger } from '../../src/runtime/log.ts';
import { manualClock } from '../support/manual-clock.ts';

const settle = () => new Promise(setImmediate);

function testJob(run: (signal: AbortSignal) => Promise<number>) {
  const clock = manualClock();
  const retry = { baseMs: 10, maxMs: 10 };
  const job: Job = startJob({ name: 'test', clock, log: silentLogger, run, retry });
  return { clock, job };
}

describe('startJob', () => {
  it('runs at once, and again after the time the run asked for', async () => {
    let runs = 0;
    const { clock, job } = testJob(async () => {
      runs += 1;
      return 1_000;
    });
    await settle();
    expect(runs).toBe(1);
    clock.advance(999);
    await settle();
    expect(runs).toBe(1);
    clock.advance(1);
    await settle();
    expect(runs).toBe(2);
    await job.stop();
  });

  it('can be woken early', async () => {
    let runs = 0;
    const { job } = testJob(async () => {
      runs += 1;
      return 60_000;
    });
    await settle();
    job.wake();
    await settle();
    expect(runs).toBe(2);
    await job.stop();
  });

  it('runs once more when it is woken while running, and never twice at a time', async () => {
    const gates: (() => void)[] = [];
    let atATime = 0;
    const { job } = testJob(async () => {
      atATime += 1;
      expect(atATime).toBe(1);
      await new Promise<void>((open) => gates.push(open));
      atATime -= 1;
      return 60_000;
    });
    await settle();
    job.wake();
    job.wake();
    expect(gates).toHaveLength(1);
    gates[0]?.();
    await settle();
    expect(gates).toHaveLength(2);
    gates[1]?.();
    await settle();
    expect(gates).toHaveLength(2);
    await job.stop();
  });

  it('tries again after a failure', async () => {
    let runs = 0;
    const { clock, job } = testJob(async () => {
      runs += 1;
      if (runs === 1) throw new Error('not yet');
      return 60_000;
    });
    await settle();
    clock.advance(11);
    await settle();
    expect(runs).toBe(2);
    await job.stop();
  });

  it('aborts the run it is in when stopped, and does not run again', async () => {
    let runs = 0;
    const { clock, job } = testJob(async (signal) => {
      runs += 1;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      return 0;
    });
    await settle();
    await job.stop();
    clock.advance(1_000_000);
    job.wake();
    await settle();
    expect(runs).toBe(1);
  });
});

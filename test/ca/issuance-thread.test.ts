import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { unpackLeaves } from '../../src/audit/packed-leaves.ts';
import { IssuanceThreads, type IssuanceThreadOptions } from '../../src/ca/issuance-thread.ts';
import { parseCertificate } from '../../src/pki/certificate.ts';
import { silentLogger as log } from '../../src/runtime/log.ts';
import { manualClock } from '../support/manual-clock.ts';
import { testCa } from '../support/test-ca.ts';
import { origin, testOrder } from '../support/test-issuance.ts';
import { pipelineSetup } from '../support/test-pipeline.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

function open(options: Partial<IssuanceThreadOptions> = {}): IssuanceThreads {
  const threads = new IssuanceThreads({ clock: manualClock(), log, ...options });
  closing.push(() => threads.close());
  threads.use(pipelineSetup);
  return threads;
}

/** A program for the thread, instead of the real one. */
async function program(source: string): Promise<URL> {
  const folder = await mkdtemp(join(tmpdir(), 'signet-thread-'));
  closing.push(() => rm(folder, { recursive: true }));
  const file = join(folder, 'program.mjs');
  await writeFile(file, `import { parentPort } from 'node:worker_threads';\n${source}`);
  return pathToFileURL(file);
}

const job = (count = 1) => ({ orders: Array.from({ length: count }, () => testOrder()), origin });

/** Answers each job by the number of jobs and orders that came in its message. */
const counting = `parentPort.on('message', ({ jobs }) => {
  if (jobs === undefined) return;
  const orders = jobs.reduce((sum, { orders }) => sum + orders.length, 0);
  const authorityId = jobs.length + ' jobs, ' + orders + ' orders';
  parentPort.postMessage({ signed: jobs.map(() => ({ authorityId, outcomes: [], leaves: {} })) });
});`;

describe('issuance in a thread', () => {
  it('signs every order of a job, and gives its leaves', async () => {
    const { outcomes, leaves, authorityId } = await open().run(job(3));
    expect(authorityId).toBe(pipelineSetup.authorityId);
    const serials = outcomes.map((outcome) =>
      'certificate' in outcome ? parseCertificate(outcome.certificate).serial : undefined,
    );
    const logged = [...unpackLeaves(leaves)].map(
      (leaf) => /"serial":"(\w+)"/.exec(String(leaf))?.[1],
    );
    expect(new Set(serials).size).toBe(3);
    expect(logged).toEqual(serials);
  });

  it('refuses single orders of a job', async () => {
    const orders = [testOrder(), testOrder({ uris: [] }), testOrder()];
    const { outcomes, leaves } = await open().run({ orders, origin });
    expect(outcomes).toMatchObject([
      { notBefore: expect.anything() as unknown },
      { refused: { reason: 'issuance.uri' } },
      { notBefore: expect.anything() as unknown },
    ]);
    expect(leaves.count).toBe(2);
  });

  it('signs nothing before it is told with what', async () => {
    const threads = new IssuanceThreads({ clock: manualClock(), log });
    closing.push(() => threads.close());
    const { outcomes } = await threads.run(job());
    expect(outcomes).toMatchObject([{ refused: { reason: 'authority.no_issuer' } }]);
  });

  it('takes its time from the clock of the main thread', async () => {
    const clock = manualClock(Date.UTC(2030, 0, 3));
    const { outcomes } = await open({ clock }).run(job());
    expect(outcomes).toMatchObject([{ notBefore: Date.UTC(2030, 0, 3) / 1000 - 10 }]);
  });

  it('signs with the next issuer from the moment it is switched to', async () => {
    const threads = open();
    const next = await testCa({ clock: manualClock() });
    const before = await threads.run(job());
    threads.use({
      ...pipelineSetup,
      authorityId: 'next',
      certificate: next.issuer.der,
      privateKey: next.issuerKey,
    });
    const { outcomes, authorityId } = await threads.run(job());
    expect([before.authorityId, authorityId]).toEqual([pipelineSetup.authorityId, 'next']);
    const [outcome] = outcomes;
    const certificate = outcome && 'certificate' in outcome ? outcome.certificate : Buffer.of();
    expect(parseCertificate(certificate).authorityKeyId).toBe(next.issuer.subjectKeyId);
  });

  it('keeps answers apart when many ask at a time', async () => {
    const threads = open({ threads: 2 });
    const ids = Array.from(
      { length: 100 },
      (_, index) => `spiffe://prod.example/w/${String(index)}`,
    );
    const jobs = ids.map((spiffeId) => threads.run({ orders: [testOrder({ spiffeId })], origin }));
    const names = (await Promise.all(jobs)).map(({ outcomes: [outcome] }) =>
      outcome && 'certificate' in outcome
        ? parseCertificate(outcome.certificate).uris[0]
        : undefined,
    );
    expect(names).toEqual(ids);
  });
});

describe('what waits together', () => {
  it('travels together', async () => {
    const threads = open({ program: await program(counting) });
    const answers = await Promise.all([
      threads.run(job()),
      threads.run(job(2)),
      threads.run(job()),
    ]);
    expect(answers.map(({ authorityId }) => authorityId)).toEqual(
      Array.from({ length: 3 }, () => '3 jobs, 4 orders'),
    );
  });

  it('travels 64 certificates at a time, and no job is split', async () => {
    const threads = open({ program: await program(counting) });
    const answers = await Promise.all([40, 24, 1, 100, 1].map((count) => threads.run(job(count))));
    expect(answers.map(({ authorityId }) => authorityId)).toEqual([
      '2 jobs, 64 orders',
      '2 jobs, 64 orders',
      '1 jobs, 1 orders',
      '1 jobs, 100 orders',
      '1 jobs, 1 orders',
    ]);
  });
});

describe('a queue that is full', () => {
  it('takes no more, until it has emptied', async () => {
    const threads = open({ maxQueued: 4 });
    const first = threads.run(job(3));
    await expect(threads.run(job(2))).rejects.toMatchObject({
      reason: 'issuance.overloaded',
      code: 'resource_exhausted',
    });
    const second = threads.run(job(1));
    expect((await first).outcomes).toHaveLength(3);
    expect((await second).outcomes).toHaveLength(1);
    expect((await threads.run(job(4))).outcomes).toHaveLength(4);
  });
});

describe('a thread that crashes', () => {
  const crashing = `parentPort.on('message', ({ jobs }) => {
    if (jobs === undefined) return;
    if (jobs[0].origin.requestId === 'crash') throw new Error('crashed');
    parentPort.postMessage({ signed: jobs.map(() => ({ authorityId: 'alive', outcomes: [], leaves: {} })) });
  });`;

  it('has its jobs rejected, and is started again for the next', async () => {
    const threads = open({ program: await program(crashing) });
    const crash = threads.run({ ...job(), origin: { ...origin, requestId: 'crash' } });
    await expect(crash).rejects.toMatchObject({ reason: 'issuance.crashed', code: 'unavailable' });
    await expect(threads.run(job())).resolves.toMatchObject({ authorityId: 'alive' });
  });

  it('loses nothing of what was still in the queue', async () => {
    const threads = open({ program: await program(crashing) });
    const crash = threads.run({ ...job(64), origin: { ...origin, requestId: 'crash' } });
    const next = threads.run(job());
    await expect(crash).rejects.toMatchObject({ reason: 'issuance.crashed' });
    await expect(next).resolves.toMatchObject({ authorityId: 'alive' });
  });

  it('is told again with what to sign', async () => {
    const source = `let used;
    parentPort.on('message', ({ use, jobs }) => {
      if (use !== undefined) { used = use.authorityId; return; }
      if (jobs[0].origin.requestId === 'crash') process.exit(1);
      parentPort.postMessage({ signed: [{ authorityId: used, outcomes: [], leaves: {} }] });
    });`;
    const threads = open({ program: await program(source) });
    const crash = threads.run({ ...job(), origin: { ...origin, requestId: 'crash' } });
    await expect(crash).rejects.toMatchObject({ reason: 'issuance.crashed' });
    await expect(threads.run(job())).resolves.toMatchObject({
      authorityId: pipelineSetup.authorityId,
    });
  });

  it('that cannot even start rejects each job, and does not spin', async () => {
    const threads = open({ program: await program(`throw new Error('broken');`) });
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await expect(threads.run(job())).rejects.toMatchObject({ reason: 'issuance.crashed' });
    }
  });
});

describe('a closed one', () => {
  it('rejects what waits, what is under way, and what comes', async () => {
    const threads = open({ program: await program(`parentPort.on('message', () => {});`) });
    const running = threads.run(job(64));
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    const waiting = threads.run(job());
    const closed = { reason: 'issuance.closed', code: 'unavailable' };
    const settled = Promise.allSettled([running, waiting]);
    await threads.close();
    expect(await settled).toMatchObject([{ reason: closed }, { reason: closed }]);
    await expect(threads.run(job())).rejects.toMatchObject(closed);
  });
});

import { describe, expect, it } from 'vitest';
import {
  errorOf,
  packJobs,
  packSigned,
  refusedOf,
  type ToIssuance,
} from '../../src/ca/issuance-protocol.ts';
import { packLeaves } from '../../src/audit/packed-leaves.ts';
import { SignetError } from '../../src/runtime/errors.ts';
import { origin, testOrder } from '../support/test-issuance.ts';

function jobsOf(message: ToIssuance) {
  if ('use' in message) throw new Error('no jobs');
  return message.jobs;
}

describe('jobs on their way to the thread', () => {
  it('arrive as they were sent, in one buffer that holds nothing else', () => {
    const jobs = [
      { orders: [testOrder(), testOrder({ spiffeId: 'spiffe://prod.example/v' })], origin },
      { orders: [testOrder()], origin: { ...origin, requestId: 'r-2' } },
    ];
    const { message, transfer } = packJobs(jobs, 1);
    const sent = structuredClone(message, { transfer });
    expect(jobsOf(sent)).toEqual(
      jobs.map((job) => ({
        ...job,
        orders: job.orders.map((order) => ({ ...order, csr: Uint8Array.from(order.csr) })),
      })),
    );
    const csrs = jobs.flatMap(({ orders }) => orders.map(({ csr }) => csr.length));
    const buffers = new Set(
      jobsOf(sent).flatMap(({ orders }) => orders.map(({ csr }) => csr.buffer)),
    );
    expect([...buffers].map(({ byteLength }) => byteLength)).toEqual([
      csrs.reduce((sum, length) => sum + length),
    ]);
  });

  it('leave the requests of the caller where they are', () => {
    const order = testOrder();
    const { message, transfer } = packJobs([{ orders: [order], origin }], 1);
    structuredClone(message, { transfer });
    expect(order.csr.length).toBeGreaterThan(0);
  });

  it('take along of a request that is too long only as much as shows it', () => {
    const order = testOrder({ csr: Buffer.alloc(1_000_000) });
    const { transfer } = packJobs([{ orders: [order], origin }], 1);
    expect(transfer.map(({ byteLength }) => byteLength)).toEqual([16_385]);
  });
});

describe('answers on their way back', () => {
  it('arrive as they were sent, refusals in their place', () => {
    const signed = (text: string) => ({
      certificate: Buffer.from(text),
      serial: '01',
      notBefore: 1,
      notAfter: 2,
    });
    const refused = { refused: refusedOf(new SignetError('csr.possession')) };
    const jobs = [
      {
        authorityId: 'a',
        outcomes: [signed('one'), refused, signed('two')],
        leaves: packLeaves([Buffer.from('leaf')]),
      },
      { authorityId: 'a', outcomes: [refused], leaves: packLeaves([]) },
    ];
    const { message, transfer } = packSigned(jobs);
    const arrived = structuredClone(message, { transfer });
    const [first, second] = arrived.signed;
    expect(first?.outcomes).toEqual([
      { ...signed('one'), certificate: Uint8Array.from(Buffer.from('one')) },
      refused,
      { ...signed('two'), certificate: Uint8Array.from(Buffer.from('two')) },
    ]);
    expect(first?.leaves.count).toBe(1);
    expect(second).toMatchObject({ outcomes: [refused], leaves: { count: 0 } });
  });
});

describe('an error on its way between threads', () => {
  it('keeps its reason and details, and its cause for the log', () => {
    const cause = new Error('deep down');
    const error = new SignetError('names.dns', { details: { index: 3 }, cause });
    const arrived = errorOf(structuredClone(refusedOf(error)));
    expect(arrived).toMatchObject({
      reason: 'names.dns',
      code: 'invalid_argument',
      details: { index: 3 },
    });
    expect(String(arrived.cause)).toContain('deep down');
  });

  it('is internal if nobody named it', () => {
    expect(errorOf(refusedOf(new TypeError('bug'))).reason).toBe('internal');
  });
});

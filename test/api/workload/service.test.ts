import { describe, expect, it } from 'vitest';
import type { IdentityView } from '../../../src/api/identity-source.ts';
import { workloadApi, type WorkloadApiOptions } from '../../../src/api/workload/service.ts';
import { SpiffeWorkloadAPI } from '../../../src/gen/workload_pb.js';
import { createClient } from '../../../src/rpc/client.ts';
import { RpcFailure } from '../../../src/rpc/status.ts';
import { bindService } from '../../../src/rpc/service.ts';
import { serveUnix } from '../../rpc/rig.ts';
import {
  testBundle,
  testIdentity,
  TestSource,
  testSvid,
  testView,
} from '../../support/identity-source.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { testCa } from '../../support/test-ca.ts';

const ca = await testCa();
const partner = await testCa({ trustDomain: 'partner.example' });
const bundles = [testBundle(ca), testBundle(partner)];
const svid = testSvid(ca);
const nobody = (pending: boolean) => testView([], bundles, { pending });
const header = { headers: { 'workload.spiffe.io': 'true' } };

async function serve(view?: IdentityView, options: Partial<WorkloadApiOptions> = {}) {
  const [source, clock] = [new TestSource(), manualClock()];
  const service = workloadApi({ source, clock, ...options });
  const rig = await serveUnix((server) => bindService(server, SpiffeWorkloadAPI, service));
  const client = createClient(SpiffeWorkloadAPI, { kind: 'unix', path: rig.path });
  if (view !== undefined) source.of().set(view);
  return {
    view: source.of(),
    /** Lets calls under way get as far as being watched, `count` in all. */
    async watched(count: number) {
      while (source.watches < count) await new Promise(setImmediate);
      await settle();
    },
    clock,
    client,
    async [Symbol.asyncDispose]() {
      client.close();
      await rig[Symbol.asyncDispose]();
    },
  };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
}

async function failureOf(promise: Promise<unknown>) {
  const error = await rejectionOf(promise);
  if (!(error instanceof RpcFailure)) throw new Error('no answer of a server');
  return { code: error.code, reason: error.remoteReason, text: error.text };
}

type Rig = Awaited<ReturnType<typeof serve>>;
type Options = typeof header | { headers: Record<string, string> };
const methods: Record<string, (rig: Rig, options: Options) => Promise<unknown>> = {
  FetchX509SVID: ({ client }, options) => client.fetchX509SVID({}, options).next(),
  FetchX509Bundles: ({ client }, options) => client.fetchX509Bundles({}, options).next(),
  FetchJWTSVID: ({ client }, options) => client.fetchJWTSVID({ audience: ['a'] }, options),
  FetchJWTBundles: ({ client }, options) => client.fetchJWTBundles({}, options).next(),
  ValidateJWTSVID: ({ client }, options) => client.validateJWTSVID({ audience: 'a' }, options),
  FetchWITSVID: ({ client }, options) => client.fetchWITSVID({}, options).next(),
  FetchWITBundles: ({ client }, options) => client.fetchWITBundles({}, options).next(),
};

const all = Object.entries(methods);
const isServed = ([name]: (typeof all)[number]) => name.startsWith('FetchX509');

describe.each(all)('%s', (_, call) => {
  it.each([
    { what: 'no header', headers: {} },
    { what: 'another value', headers: { 'workload.spiffe.io': 'True' } },
    { what: 'two values', headers: { 'workload.spiffe.io': 'true, true' } },
    { what: 'an empty value', headers: { 'workload.spiffe.io': '' } },
  ])('refuses a call with $what', async ({ headers }) => {
    await using rig = await serve(testView([svid], bundles));
    expect(await failureOf(call(rig, { headers }))).toEqual({
      code: 'invalid_argument',
      reason: 'workload.header',
      text: 'security header missing from request',
    });
  });
});

describe.each(all.filter((method) => !isServed(method)))('%s', (_, call) => {
  it('is not served', async () => {
    await using rig = await serve(testView([svid], bundles));
    expect((await failureOf(call(rig, header))).code).toBe('unimplemented');
  });
});

describe.each(all.filter(isServed))('%s', (_, call) => {
  it('denies a process without identity', async () => {
    await using rig = await serve(nobody(false));
    expect(await failureOf(call(rig, header))).toEqual({
      code: 'permission_denied',
      reason: 'workload.no_identity',
      text: 'no identity issued',
    });
  });

  it('waits a while for an identity to come', async () => {
    await using rig = await serve(nobody(true));
    const answer = call(rig, header);
    await rig.watched(1);
    rig.view.set(testView([svid], bundles));
    expect(await answer).toMatchObject({ done: false });

    rig.view.set(nobody(true));
    const denied = failureOf(call(rig, header));
    await rig.watched(2);
    rig.clock.advance(4999);
    await settle();
    rig.view.set(nobody(true)); // news, but no better
    await settle();
    rig.clock.advance(1);
    expect((await denied).reason).toBe('workload.no_identity');
  });

  it('has nothing to say without the own bundle', async () => {
    await using rig = await serve(testView([svid], bundles, { bundles: new Map() }));
    const { code, reason } = await failureOf(call(rig, header));
    expect([code, reason]).toEqual(['unavailable', 'workload.no_bundle']);
  });
});

describe('FetchX509SVID', () => {
  const next = async (stream: ReturnType<Rig['client']['fetchX509SVID']>) => {
    const { value } = await stream.next();
    if (value === undefined) throw new Error('the stream has ended');
    return value;
  };

  it('has chain, key and bundle in DER, and federated bundles by trust domain', async () => {
    await using rig = await serve(testView([svid], bundles));
    const response = await next(rig.client.fetchX509SVID({}, header));
    const [told] = response.svids;
    expect(told).toMatchObject({ spiffeId: svid.spiffeId, hint: '' });
    expect(told && Buffer.from(told.x509Svid)).toEqual(Buffer.concat([...svid.chain]));
    expect(told && Buffer.from(told.x509SvidKey)).toEqual(Buffer.from(svid.privateKey));
    expect(told && Buffer.from(told.bundle)).toEqual(ca.root.der);
    const { federatedBundles } = response;
    expect(Object.keys(federatedBundles)).toEqual(['spiffe://partner.example']);
    expect(Buffer.from(federatedBundles['spiffe://partner.example'] ?? [])).toEqual(
      partner.root.der,
    );
  });

  it('goes by entry, and of one hint tells the first only', async () => {
    const names = ['c', 'a', 'b', 'd'];
    const identities = names.map((name) =>
      testIdentity(testSvid(ca, { spiffeId: `spiffe://prod.example/${name}` }), {
        entryId: name,
        hint: name === 'a' ? '' : 'same',
      }),
    );
    await using rig = await serve(testView([], bundles, { identities }));
    const { svids } = await next(rig.client.fetchX509SVID({}, header));
    expect(svids.map(({ spiffeId, hint }) => [spiffeId, hint])).toEqual([
      ['spiffe://prod.example/a', ''],
      ['spiffe://prod.example/b', 'same'],
    ]);
  });

  it('speaks when something changed, and only then', async () => {
    await using rig = await serve(testView([svid], bundles));
    const stream = rig.client.fetchX509SVID({}, header);
    await next(stream);
    rig.view.set(testView([svid], bundles)); // the same in another object
    await settle();
    const renewed = testSvid(ca);
    rig.view.set(testView([renewed], bundles));
    const { svids } = await next(stream);
    expect(Buffer.from(svids[0]?.x509Svid ?? [])).toEqual(Buffer.concat([...renewed.chain]));
  });

  it('ends when the identity is taken away', async () => {
    await using rig = await serve(testView([svid], bundles));
    const stream = rig.client.fetchX509SVID({}, header);
    await next(stream);
    rig.view.set(nobody(false));
    expect((await failureOf(stream.next())).reason).toBe('workload.no_identity');
  });

  it('is limited for each process', async () => {
    await using rig = await serve(testView([svid], bundles), { maxStreamsPerProcess: 1 });
    const stream = rig.client.fetchX509SVID({}, header);
    await next(stream);
    const other = rig.client.fetchX509Bundles({}, header).next();
    expect((await failureOf(other)).reason).toBe('caller.too_many_streams');
    await stream.return();
    await settle();
    await next(rig.client.fetchX509SVID({}, header));
  });
});

describe('FetchX509Bundles', () => {
  it('has all bundles by trust domain, and is silent when only an SVID changed', async () => {
    await using rig = await serve(testView([svid], bundles));
    const stream = rig.client.fetchX509Bundles({}, header);
    const first = await stream.next();
    expect(Object.keys(first.value?.bundles ?? {})).toEqual([
      'spiffe://partner.example',
      'spiffe://prod.example',
    ]);
    rig.view.set(testView([testSvid(ca)], bundles));
    await settle();
    rig.view.set(testView([svid], [testBundle(ca)]));
    const second = await stream.next();
    expect(Object.keys(second.value?.bundles ?? {})).toEqual(['spiffe://prod.example']);
  });
});

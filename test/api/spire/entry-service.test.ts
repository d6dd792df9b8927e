import type { MessageInitShape } from '@bufbuild/protobuf';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { bindSpireServices } from '../../../src/api/spire/services.ts';
import { Entry } from '../../../src/gen/spire/api/server/entry/v1/entry_pb.js';
import type { EntrySchema } from '../../../src/gen/spire/api/types/entry_pb.js';
import type { EntryFields } from '../../../src/registry/entry-draft.ts';
import { RpcFailure } from '../../../src/rpc/status.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { type SpireServer, spireServer } from '../../support/spire-server.ts';
import { origin } from '../../support/test-issuance.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let server: SpireServer;
beforeEach(async () => {
  server = await spireServer((grpc, deps) => bindSpireServices(grpc, deps, 'local'));
});
afterEach(() => server[Symbol.asyncDispose]());

const admin = () => server.local(Entry);
const own = (path: string) => ({ trustDomain: 'prod.example', path });
const unix = (uid: number) => ({ type: 'unix', value: `uid:${uid}` });
type Item = Extract<MessageInitShape<typeof EntrySchema>, { $typeName?: never }>;
const message = (changes: Item = {}): Item => ({
  spiffeId: own('/web'),
  parentId: own('/spire/agent/a'),
  selectors: [unix(1)],
  ...changes,
});

const codes = (results: readonly { status?: { code: number } | undefined }[]) =>
  results.map(({ status }) => status?.code);
const [invalidArgument, notFound, alreadyExists] = [3, 5, 6];

async function reasonOfCall(call: Promise<unknown>): Promise<string | undefined> {
  const error = await rejectionOf(call);
  return error instanceof RpcFailure ? error.remoteReason : error?.reason;
}

async function made(id: string, changes: Partial<EntryFields> = {}) {
  const fields = {
    id,
    spiffeId: `spiffe://prod.example/${id}`,
    parentId: 'spiffe://prod.example/spire/agent/a',
    selectors: ['unix:uid:1'],
    ...changes,
  };
  return (await server.registry.createEntry(fields, origin)).result;
}

const listed = async (filter: Parameters<ReturnType<typeof admin>['listEntries']>[0]['filter']) => {
  const { entries } = await admin().listEntries({ filter });
  return entries.map(({ id }) => id);
};

describe('creating entries', () => {
  it('answers each item on its own, in order', async () => {
    const { results } = await admin().batchCreateEntry({
      entries: [
        message({ id: 'one', hint: 'h', x509SvidTtl: 60 }),
        message({ spiffeId: undefined }),
        message({ spiffeId: own('/spire/server') }),
        message({ spiffeId: { trustDomain: 'other.example', path: '/w' } }),
        message({ selectors: [] }),
        message({ spiffeId: own('/b'), dnsNames: ['-'] }),
        message({ spiffeId: own('/c'), additionalAttributes: { jwtSvidIncludeJti: true } }),
        message({ id: 'two', spiffeId: own('/d') }),
      ],
    });
    const bad = invalidArgument;
    expect(codes(results)).toEqual([0, bad, bad, bad, bad, bad, bad, 0]);
    expect(results[0]?.status?.message).toBe('OK');
    expect(results[0]?.entry).toMatchObject({ id: 'one', hint: 'h', x509SvidTtl: 60 });
    expect(await listed({})).toEqual(['one', 'two']);
  });

  it('names the entry there is, in the words that controllers look for', async () => {
    const { results } = await admin().batchCreateEntry({
      entries: [message({ id: 'one' }), message({ hint: 'again' })],
    });
    expect(codes(results)).toEqual([0, alreadyExists]);
    expect(results[1]?.status?.message).toBe('similar entry already exists');
    expect(results[1]?.entry).toMatchObject({ id: 'one', hint: '' });
  });

  it('shows of the result what the mask names', async () => {
    const { results } = await admin().batchCreateEntry({
      entries: [message({ id: 'one', hint: 'h' })],
      outputMask: { hint: true },
    });
    expect(results[0]?.entry).toMatchObject({ id: 'one', hint: 'h', selectors: [] });
    expect(results[0]?.entry?.spiffeId).toBe(undefined);
  });

  it('refuses more than 1,000 at once before any is made', async () => {
    const entries = Array.from({ length: 1001 }, (_, at) => message({ spiffeId: own(`/w${at}`) }));
    expect(await reasonOfCall(admin().batchCreateEntry({ entries }))).toBe('api.batch_size');
    expect(await listed({})).toEqual([]);
  });
});

describe('updating entries', () => {
  it('replaces all fields without a mask', async () => {
    await made('web', { hint: 'h', dnsNames: ['a.example'] });
    const { results } = await admin().batchUpdateEntry({
      entries: [message({ id: 'web', x509SvidTtl: 5 })],
    });
    expect(codes(results)).toEqual([0]);
    expect(server.registry.entry('web')).toMatchObject({
      hint: '',
      dnsNames: [],
      x509SvidTtlSeconds: 5,
      revision: 1,
    });
  });

  it('leaves alone what the mask leaves out', async () => {
    await made('web', { hint: 'h', dnsNames: ['a.example'] });
    await admin().batchUpdateEntry({
      entries: [{ id: 'web', hint: 'new' }],
      inputMask: { hint: true },
    });
    expect(server.registry.entry('web')).toMatchObject({
      spiffeId: 'spiffe://prod.example/web',
      hint: 'new',
      dnsNames: ['a.example'],
    });
  });

  it('lets items of a batch build on each other', async () => {
    await made('web');
    const { results } = await admin().batchUpdateEntry({
      entries: [
        { id: 'web', hint: 'a' },
        { id: 'web', hint: 'b' },
      ],
      inputMask: { hint: true },
    });
    expect(codes(results)).toEqual([0, 0]);
    expect(server.registry.entry('web')).toMatchObject({ hint: 'b', revision: 2 });
  });

  it('does not find what is not there, and misses an id', async () => {
    const { results } = await admin().batchUpdateEntry({
      entries: [message({ id: 'gone' }), message()],
    });
    expect(codes(results)).toEqual([notFound, invalidArgument]);
    expect(results[0]?.status?.message).toBe('entry not found');
  });
});

describe('deleting and showing entries', () => {
  it('deletes each on its own', async () => {
    await made('a');
    const { results } = await admin().batchDeleteEntry({ ids: ['a', 'gone', ''] });
    expect(codes(results)).toEqual([0, notFound, invalidArgument]);
    expect(results.map(({ id }) => id)).toEqual(['a', 'gone', '']);
    expect(server.registry.entry('a')).toBe(undefined);
  });

  it('shows one, masked', async () => {
    await made('a', { hint: 'h' });
    expect(await admin().getEntry({ id: 'a' })).toMatchObject({ id: 'a', selectors: [unix(1)] });
    const shown = await admin().getEntry({ id: 'a', outputMask: { hint: true } });
    expect(shown).toMatchObject({ id: 'a', hint: 'h', selectors: [] });
    expect(await reasonOfCall(admin().getEntry({ id: 'b' }))).toBe('entry.not_found');
  });
});

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { bindSpireServices } from '../../../src/api/spire/services.ts';
import { Entry } from '../../../src/gen/spire/api/server/entry/v1/entry_pb.js';
import type { EntryFields } from '../../../src/registry/entry-draft.ts';
import { RpcFailure } from '../../../src/rpc/status.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { type SpireServer, spireServer } from '../../support/spire-server.ts';
import { origin } from '../../support/test-issuance.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

// Nothing here changes anything, so one server does for all tests of a group.
let server: SpireServer;
const open = async () => {
  server = await spireServer((grpc, deps) => bindSpireServices(grpc, deps, 'local'));
};
const close = () => server[Symbol.asyncDispose]();

const admin = () => server.local(Entry);
const own = (path: string) => ({ trustDomain: 'prod.example', path });
const unix = (uid: number) => ({ type: 'unix', value: `uid:${uid}` });
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

describe('filters of entries', () => {
  beforeAll(open);
  afterAll(close);
  beforeAll(async () => {
    await made('a', { hint: 'x', federatesWith: ['one.example', 'two.example'] });
    await made('b', { selectors: ['unix:uid:1', 'unix:uid:2'], downstream: true });
    await made('c', { selectors: ['unix:uid:3'], federatesWith: ['one.example'] });
  });

  it.each([
    ['an ID', { bySpiffeId: own('/b') }, ['b']],
    ['a parent', { byParentId: own('/spire/agent/b') }, []],
    ['a hint', { byHint: 'x' }, ['a']],
    ['downstream', { byDownstream: true }, ['b']],
    ['downstream false, which is none', { byDownstream: false }, ['a', 'b', 'c']],
    ['these selectors', { bySelectors: { selectors: [unix(2), unix(1)], match: 0 } }, ['b']],
    ['a subset', { bySelectors: { selectors: [unix(1), unix(3)], match: 1 } }, ['a', 'c']],
    ['a superset', { bySelectors: { selectors: [unix(1)], match: 2 } }, ['a', 'b']],
    ['any', { bySelectors: { selectors: [unix(2), unix(3)], match: 3 } }, ['b', 'c']],
    ['a domain', { byFederatesWith: { trustDomains: ['one.example'], match: 0 } }, ['c']],
    [
      'domains within',
      { byFederatesWith: { trustDomains: ['one.example', 'x'], match: 1 } },
      ['c'],
    ],
    [
      'domains around',
      { byFederatesWith: { trustDomains: ['one.example'], match: 2 } },
      ['a', 'c'],
    ],
    ['any domain', { byFederatesWith: { trustDomains: ['two.example', 'x'], match: 3 } }, ['a']],
  ])('find %s, and count the same', async (_title, filter, ids) => {
    expect(await listed(filter)).toEqual(ids);
    expect((await admin().countEntries({ filter })).count).toBe(ids.length);
  });

  it.each([
    ['an unknown match of selectors', { bySelectors: { selectors: [unix(1)], match: 4 } }],
    ['one below', { bySelectors: { selectors: [unix(1)], match: -1 } }],
    ['an unknown match of domains', { byFederatesWith: { trustDomains: ['x'], match: 4 } }],
  ])('are refused with %s', async (_title, filter) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- no value of the enum, and meant so
    const wrong = filter as never;
    expect(await reasonOfCall(admin().listEntries({ filter: wrong }))).toBe('api.filter_match');
    expect(await reasonOfCall(admin().countEntries({ filter: wrong }))).toBe('api.filter_match');
  });

  it('are refused with nothing to match', async () => {
    for (const filter of [{ bySelectors: {} }, { byFederatesWith: {} }]) {
      expect(await reasonOfCall(admin().listEntries({ filter }))).toBe('api.filter_empty');
    }
  });
});

describe('pages of 1,200 entries', () => {
  beforeAll(open);
  afterAll(close);
  beforeAll(async () => {
    const ids = Array.from({ length: 1200 }, (_, at) => `e-${String(at).padStart(4, '0')}`);
    await Promise.all(ids.map((id) => made(id)));
  });

  it('hold all of them for size 0', async () => {
    const { entries, nextPageToken } = await admin().listEntries({});
    expect([entries.length, nextPageToken]).toEqual([1200, '']);
  });

  it('follow each other without gap or repetition, whatever their size', async () => {
    for (const pageSize of [500, 1100]) {
      const ids: string[] = [];
      let pageToken = '';
      do {
        const page = await admin().listEntries({ pageSize, pageToken });
        expect(page.entries.length).toBeLessThanOrEqual(pageSize);
        ids.push(...page.entries.map(({ id }) => id));
        pageToken = page.nextPageToken;
      } while (pageToken !== '');
      expect(ids).toEqual(ids.toSorted());
      expect(new Set(ids).size).toBe(1200);
    }
  });

  it('refuse tokens of another filter, and sizes below zero', async () => {
    const { nextPageToken: pageToken } = await admin().listEntries({ pageSize: 1 });
    const other = admin().listEntries({ pageToken, filter: { byHint: '' } });
    expect(await reasonOfCall(other)).toBe('api.page_token');
    expect(await reasonOfCall(admin().listEntries({ pageSize: -1 }))).toBe('api.page_size');
  });
});

import fc from 'fast-check';
import { create } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { type SyncedEntries, syncEntries } from '../../src/agent/entry-sync.ts';
import { readEntry } from '../../src/agent/entry.ts';
import type { ServerClients } from '../../src/agent/server-connection.ts';
import {
  type SyncAuthorizedEntriesRequest,
  SyncAuthorizedEntriesRequestSchema,
  SyncAuthorizedEntriesResponseSchema,
} from '../../src/gen/spire/api/server/entry/v1/entry_pb.js';
import { EntrySchema } from '../../src/gen/spire/api/types/entry_pb.js';
import { parseTrustDomain } from '../../src/spiffe/trust-domain.ts';
import { type FakeEntry, syncAnswers } from '../support/fake-server-entries.ts';
import { rejectionOf } from '../support/rejection-of.ts';

const trustDomain = parseTrustDomain('prod.example');
const none: SyncedEntries = new Map();

type Answer = Parameters<typeof create<typeof SyncAuthorizedEntriesResponseSchema>>[1];

/** Clients of a server that answers so; `asked` collects what it was sent. */
function clientsOf(
  answer: (requests: AsyncIterable<SyncAuthorizedEntriesRequest>) => AsyncIterable<Answer>,
  asked: SyncAuthorizedEntriesRequest[] = [],
): ServerClients {
  async function* seen(requests: AsyncIterable<SyncAuthorizedEntriesRequest>) {
    for await (const request of requests) {
      const complete = create(SyncAuthorizedEntriesRequestSchema, request);
      asked.push(complete);
      yield complete;
    }
  }
  async function* syncAuthorizedEntries(requests: AsyncIterable<SyncAuthorizedEntriesRequest>) {
    for await (const message of answer(seen(requests))) {
      yield create(SyncAuthorizedEntriesResponseSchema, message);
    }
  }
  return { entry: { syncAuthorizedEntries } } as unknown as ServerClients;
}

const serving = (entries: readonly FakeEntry[], pageSize: number, asked = []) =>
  clientsOf((requests) => syncAnswers(requests, entries, pageSize), asked);

const scripted = (...answers: Answer[]) =>
  clientsOf(async function* (requests) {
    for await (const _ of requests) yield* answers;
  });

const sync = (clients: ServerClients, known = none) =>
  syncEntries(clients, known, trustDomain, new AbortController().signal);

const testEntry = (id: string, revision = 0n, createdAt = 1n): FakeEntry => ({
  id,
  spiffeId: `spiffe://prod.example/${id}`,
  selectors: ['unix:uid:1'],
  revision,
  createdAt,
});

describe('entries in sync', () => {
  test('however few or many, in pages of any size, they are those of the server', async () => {
    const entries = fc.uniqueArray(
      fc.record({ id: fc.stringMatching(/^[a-z]{1,3}$/), revision: fc.bigInt(0n, 3n) }),
      { selector: ({ id }) => id, maxLength: 20 },
    );
    await fc.assert(
      fc.asyncProperty(entries, entries, fc.integer({ min: 1, max: 25 }), async (a, b, size) => {
        const [before, after] = [a, b].map((list) =>
          list.map(({ id, revision }) => testEntry(id, revision)),
        );
        const known = await sync(serving(before ?? [], size));
        const now = await sync(serving(after ?? [], size), known);
        const found = [...now].map(([id, { revision, entry }]) => [id, revision, entry?.spiffeId]);
        expect(new Set(found)).toEqual(
          new Set((after ?? []).map(({ id, revision, spiffeId }) => [id, revision, spiffeId])),
        );
        const unchanged = [...now].filter(
          ([id, { revision }]) => known.get(id)?.revision === revision,
        );
        for (const [id, entry] of unchanged) expect(entry).toBe(known.get(id));
      }),
      { numRuns: 60 },
    );
  });

  test('what has not changed is not asked for again', async () => {
    const entries = ['a', 'b', 'c', 'd'].map((id) => testEntry(id));
    const known = await sync(serving(entries, 2));
    const asked: SyncAuthorizedEntriesRequest[] = [];
    const clients = clientsOf((requests) => syncAnswers(requests, entries, 2), asked);
    await sync(clients, known);
    expect(asked.map(({ ids }) => ids)).toEqual([[]]);
    expect(asked[0]?.outputMask).toMatchObject({ revisionNumber: true, dnsNames: false });
  });

  test('an entry made anew under its old id and revision is another', async () => {
    const [a, b] = [testEntry('a'), testEntry('b')];
    const known = await sync(serving([a, b], 1));
    const now = await sync(serving([{ ...a, createdAt: 7n }, b], 1), known);
    expect(now.get('a')?.entry).not.toBe(known.get('a')?.entry);
    expect(now.get('b')).toBe(known.get('b'));
  });

  test('an empty answer is the end of all entries', async () => {
    const known = await sync(serving([testEntry('a')], 5));
    expect(await sync(serving([], 5), known)).toEqual(none);
  });

  test('an entry that nobody asked for is not taken', async () => {
    const revisions = { entryRevisions: [{ id: 'a', revisionNumber: 1n, createdAt: 1n }] };
    const message = {
      spiffeId: { trustDomain, path: '/x' },
      selectors: [{ type: 't', value: 'v' }],
    };
    const clients = clientsOf(async function* (requests) {
      for await (const { ids } of requests) {
        if (ids.length === 0) yield revisions;
        else yield { entries: ['a', 'z'].map((id) => ({ ...message, id, revisionNumber: 1n })) };
      }
    });
    expect([...(await sync(clients)).keys()]).toEqual(['a']);
  });

  test.each<[string, Answer[]]>([
    [
      'entries among revisions',
      [{ entryRevisions: [{ id: 'a' }], entries: [{ id: 'a' }], more: false }],
    ],
    [
      'revisions among entries',
      [{ entryRevisions: [{ id: 'a' }] }, { entryRevisions: [{ id: 'b' }] }],
    ],
  ])('a server that sends %s is not believed', async (_, answers) => {
    expect(await rejectionOf(sync(scripted(...answers)))).toMatchObject({
      reason: 'node.server_protocol',
    });
  });

  test('a stream that ends too early is a failure, not an empty list', async () => {
    const ended = clientsOf(async function* () {
      // says nothing
    });
    expect(await rejectionOf(sync(ended))).toMatchObject({ reason: 'node.server_protocol' });
    const cut = clientsOf(async function* () {
      yield { entryRevisions: [{ id: 'a' }], more: true };
    });
    expect(await rejectionOf(sync(cut))).toMatchObject({ reason: 'node.server_protocol' });
  });
});

describe('an entry', () => {
  const message = {
    id: 'e',
    spiffeId: { trustDomain: 'prod.example', path: '/web' },
    selectors: [{ type: 'unix', value: 'uid:1' }],
    hint: 'h',
    revisionNumber: 4n,
    createdAt: 5n,
  };

  test('says who gets what', () => {
    expect(readEntry(create(EntrySchema, message), trustDomain)).toEqual({
      id: 'e',
      spiffeId: 'spiffe://prod.example/web',
      selectors: new Set(['unix:uid:1']),
      hint: 'h',
      revision: 4n,
      createdAt: 5n,
    });
  });

  test.each<[string, object]>([
    ['without id', { id: '' }],
    ['with an endless id', { id: 'x'.repeat(257) }],
    ['without SPIFFE ID', { spiffeId: undefined }],
    ['for the trust domain itself', { spiffeId: { trustDomain: 'prod.example', path: '' } }],
    ['with a malformed path', { spiffeId: { trustDomain: 'prod.example', path: '/a/../b' } }],
    ['of another trust domain', { spiffeId: { trustDomain: 'x.example', path: '/web' } }],
    ['without selectors, which every process would match', { selectors: [] }],
    ['with an empty selector', { selectors: [...message.selectors, { type: 'unix', value: '' }] }],
    ['with a colon in a type', { selectors: [{ type: 'a:b', value: 'c' }] }],
    ['meant for a secret store', { storeSvid: true }],
  ])('%s is for nobody', (_, change) => {
    const entry = create(EntrySchema, { ...message, ...change });
    expect(readEntry(entry, trustDomain)).toBeUndefined();
  });
});

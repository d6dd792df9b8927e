import type { MessageInitShape } from '@bufbuild/protobuf';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { bindSpireServices } from '../../../src/api/spire/services.ts';
import {
  Entry,
  type SyncAuthorizedEntriesRequestSchema,
  type SyncAuthorizedEntriesResponse,
} from '../../../src/gen/spire/api/server/entry/v1/entry_pb.js';
import { RpcFailure } from '../../../src/rpc/status.ts';
import type { TlsIdentity } from '../../../src/rpc/tls-identity.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { attestedAgent, type SpireServer, spireServer } from '../../support/spire-server.ts';
import { origin } from '../../support/test-issuance.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 });

type Request = MessageInitShape<typeof SyncAuthorizedEntriesRequestSchema>;

let server: SpireServer;
let agent: TlsIdentity;
beforeEach(async () => {
  server = await spireServer((grpc, deps) => bindSpireServices(grpc, deps, 'local'));
  agent = await attestedAgent(server, 'one');
});
afterEach(() => server[Symbol.asyncDispose]());

const parentOf = (token: string) => `spiffe://prod.example/spire/agent/join_token/${token}`;
const idOf = (at: number) => `e-${String(at).padStart(4, '0')}`;

async function make(count: number, { token = 'one', selectors = ['unix:uid:1'] } = {}) {
  const entries = Array.from({ length: count }, (_, at) => ({
    id: `${token === 'one' ? '' : token}${idOf(at)}`,
    spiffeId: `spiffe://prod.example/${token}/${at}`,
    parentId: parentOf(token),
    selectors,
  }));
  await Promise.all(entries.map((fields) => server.registry.createEntry(fields, origin)));
}

/** Sends requests one by one, each after all of the answer to the one before. */
async function sync(...requests: readonly Request[]): Promise<SyncAuthorizedEntriesResponse[]> {
  const answers: SyncAuthorizedEntriesResponse[] = [];
  let turn = Promise.withResolvers<void>();
  async function* sent() {
    for (const request of requests) {
      turn = Promise.withResolvers<void>();
      yield request;
      await turn.promise;
    }
  }
  for await (const answer of server.remote(Entry, agent).syncAuthorizedEntries(sent())) {
    answers.push(answer);
    if (!answer.more) turn.resolve();
  }
  return answers;
}

async function reasonOfSync(...requests: readonly Request[]) {
  const error = await rejectionOf(sync(...requests));
  return error instanceof RpcFailure ? { code: error.code, text: error.text } : error?.reason;
}

describe('the entries an agent may have', () => {
  it('come in one answer, sorted, without those of others', async () => {
    await make(3);
    await attestedAgent(server, 'two');
    await make(2, { token: 'two' });
    const [answer, ...others] = await sync({});
    expect(others).toEqual([]);
    expect(answer?.more).toBe(false);
    expect(answer?.entryRevisions).toEqual([]);
    expect(answer?.entries.map(({ id }) => id)).toEqual([0, 1, 2].map(idOf));
    const all = await server.remote(Entry, agent).getAuthorizedEntries({});
    expect(all.entries).toEqual(answer?.entries);
  });

  it('are one empty answer if there are none', async () => {
    expect(await sync({})).toMatchObject([{ entries: [], entryRevisions: [], more: false }]);
  });

  it('have the fields of the mask', async () => {
    await make(1);
    const outputMask = { revisionNumber: true, hint: true };
    const [answer] = await sync({ outputMask });
    expect(answer?.entries[0]).toMatchObject({ id: idOf(0), selectors: [] });
  });

  it('are complete up to 500, and revisions in pages beyond', async () => {
    await make(500);
    expect(await sync({})).toMatchObject([{ entries: { length: 500 } }]);
    await server.registry.createEntry(
      {
        id: 'z',
        spiffeId: 'spiffe://prod.example/z',
        parentId: parentOf('one'),
        selectors: ['a:b'],
      },
      origin,
    );
    const [first, second, ...others] = await sync({});
    expect(others).toEqual([]);
    expect([first?.entryRevisions.length, first?.more]).toEqual([500, true]);
    expect([second?.entryRevisions.length, second?.more]).toEqual([1, false]);
    expect([first?.entries.length, second?.entries.length]).toEqual([0, 0]);
    expect(second?.entryRevisions[0]).toMatchObject({ id: 'z', revisionNumber: 0n });
    expect(second?.entryRevisions[0]?.createdAt).toBeGreaterThan(0n);
  });

  it('are fetched by id from what there was at the first request', async () => {
    await make(501);
    const ids = [idOf(7), idOf(3), idOf(3), 'unknown'];
    const outputMask = { revisionNumber: true, spiffeId: true };
    const answers = await sync({ outputMask }, { ids, outputMask: {} }, { ids: ['unknown'] });
    const [, , found, none] = answers;
    expect(found?.entries.map(({ id }) => id)).toEqual([3, 7].map(idOf));
    expect(found?.entries[0]?.spiffeId?.path).toBe('/one/3');
    expect(found?.entries[0]?.selectors).toEqual([]);
    expect(found?.entryRevisions).toEqual([]);
    expect(none).toMatchObject({ entries: [], more: false });
  });

  it('never make a message that agents refuse for its size', async () => {
    const selectors = Array.from({ length: 100 }, (_, at) => `x:${at}-${'v'.repeat(2000)}`);
    await make(40, { selectors });
    const ids = Array.from({ length: 40 }, (_, at) => idOf(at));
    const [revisions, ...pages] = await sync({}, { ids });
    expect(revisions?.entryRevisions.length).toBe(40);
    expect(pages.length).toBeGreaterThan(1);
    expect(pages.map(({ more }) => more)).toEqual([...pages.slice(1).map(() => true), false]);
    expect(pages.flatMap(({ entries }) => entries.map(({ id }) => id))).toEqual(ids);
  });
});

describe('requests of a sync are refused', () => {
  it('with ids in the first', async () => {
    expect(await reasonOfSync({ ids: ['a'] })).toEqual({
      code: 'invalid_argument',
      text: 'specifying IDs on initial request is not supported',
    });
  });

  it('with a mask that leaves the revision out', async () => {
    expect(await reasonOfSync({ outputMask: { hint: true } })).toEqual({
      code: 'invalid_argument',
      text: 'revision number cannot be masked',
    });
  });

  it('with more ids than there are entries', async () => {
    await make(501);
    const ids = Array.from({ length: 502 }, (_, at) => idOf(at));
    expect(await reasonOfSync({}, { ids })).toMatchObject({ code: 'invalid_argument' });
  });

  it('from whoever is no agent', async () => {
    const error = await rejectionOf(server.local(Entry).getAuthorizedEntries({}));
    expect(error instanceof RpcFailure && error.remoteReason).toBe('caller.denied');
  });
});

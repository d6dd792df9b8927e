import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { entryBody, testRest, type TestRest } from '../../support/rest.ts';

let rest: TestRest;
beforeAll(async () => {
  rest = await testRest();
});
afterAll(() => rest.close());

let made = 0;
const create = async (changes: Record<string, unknown> = {}) => {
  made += 1;
  const body = entryBody({ spiffeId: `spiffe://prod.example/e/${made}`, ...changes });
  return rest.call('/v1/entries', { method: 'POST', body });
};
const idOf = ({ json }: { json: Record<string, unknown> }) => String(json['id']);

describe('POST /v1/entries', () => {
  it('creates an entry, and says where it and its log entry are', async () => {
    const answer = await create({ dnsNames: ['web.example'], hint: 'web' });
    expect(answer.status).toBe(201);
    expect(answer.json).toMatchObject({
      revision: 0,
      createdAt: '2030-01-01T00:00:00Z',
      selectors: ['unix:uid:1000'],
      dnsNames: ['web.example'],
      hint: 'web',
      admin: false,
      expiresAt: null,
    });
    expect(answer.headers).toMatchObject({
      location: `/v1/entries/${idOf(answer)}`,
      etag: '"0"',
      'cache-control': 'no-store',
    });
    const index = Number(answer.headers['signet-log-index']);
    const leaf = await rest.call(`/v1/log/entries/${index}`);
    expect(leaf.json).toMatchObject({
      index,
      kind: 'entry.created',
      event: { entry: `${idOf(answer)}:0`, actor: 'user:alice' },
    });
  });

  it('names the request in the answer and in the log alike', async () => {
    const { headers } = await create();
    const leaf = await rest.call(`/v1/log/entries/${String(headers['signet-log-index'])}`);
    expect(leaf.json['event']).toMatchObject({ req: headers['signet-request-id'] });
  });

  it('does not take the id of a request from the caller', async () => {
    const body = entryBody({ spiffeId: 'spiffe://prod.example/mine' });
    const headers = { 'request-id': 'mine', 'x-request-id': 'mine', 'signet-request-id': 'mine' };
    const answer = await rest.call('/v1/entries', { method: 'POST', body, headers });
    expect(answer.headers['signet-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('refuses the same entry twice, and names the one there is', async () => {
    const first = await create({ spiffeId: 'spiffe://prod.example/twin' });
    const second = await create({ spiffeId: 'spiffe://prod.example/twin' });
    expect(second).toMatchObject({
      status: 409,
      json: { reason: 'entry.exists', existing: idOf(first) },
    });
  });

  it('keeps a time to the second', async () => {
    const expiresAt = '2031-05-06T07:08:09Z';
    const answer = await create({ expiresAt });
    expect(answer.json['expiresAt']).toBe(expiresAt);
  });

  it.each([
    ['2031-02-30T00:00:00Z', 'rest.time'],
    ['2031-01-01T25:00:00Z', 'rest.time'],
    ['2031-01-01T00:00:00+01:00', 'rest.body'],
    ['tomorrow', 'rest.body'],
  ])('refuses the time %s', async (expiresAt, reason) => {
    expect(await create({ expiresAt })).toMatchObject({ status: 400, json: { reason } });
  });

  it.each([
    ['spiffeId', 'http://prod.example/x', 'spiffe_id.scheme'],
    ['parentId', 'spiffe://prod.example//x', 'spiffe_id.empty_segment'],
    ['selectors', ['nocolon'], 'selector.type'],
    ['federatesWith', ['UPPER'], 'trust_domain.character'],
  ])('refuses a wrong %s', async (name, value, reason) => {
    expect(await create({ [name]: value })).toMatchObject({ status: 400, json: { reason } });
  });
});

describe('GET, PATCH and DELETE /v1/entries/{id}', () => {
  it('shows what was created', async () => {
    const created = await create();
    const shown = await rest.call(`/v1/entries/${idOf(created)}`);
    expect(shown).toMatchObject({ status: 200, json: created.json, headers: { etag: '"0"' } });
  });

  it('changes what is named, and raises the revision', async () => {
    const created = await create({ hint: 'before', dnsNames: ['a.example'] });
    const answer = await rest.call(`/v1/entries/${idOf(created)}`, {
      method: 'PATCH',
      body: { hint: 'after', x509SvidTtlSeconds: 900 },
      headers: { 'if-match': '"0"' },
    });
    expect(answer).toMatchObject({
      status: 200,
      headers: { etag: '"1"', 'signet-log-index': expect.stringMatching(/^\d+$/) as unknown },
      json: { revision: 1, hint: 'after', x509SvidTtlSeconds: 900, dnsNames: ['a.example'] },
    });
  });

  it('takes an end away again by null', async () => {
    const created = await create({ expiresAt: '2031-01-01T00:00:00Z' });
    const answer = await rest.call(`/v1/entries/${idOf(created)}`, {
      method: 'PATCH',
      body: { expiresAt: null },
      headers: { 'if-match': '*' },
    });
    expect(answer.json['expiresAt']).toBeNull();
  });

  it('loses no update: who changes an old revision is refused', async () => {
    const path = `/v1/entries/${idOf(await create())}`;
    const change = (ifMatch: string, hint: string) =>
      rest.call(path, { method: 'PATCH', body: { hint }, headers: { 'if-match': ifMatch } });
    expect((await change('"0"', 'first')).status).toBe(200);
    expect(await change('"0"', 'second')).toMatchObject({
      status: 412,
      json: { reason: 'entry.changed' },
    });
    expect((await rest.call(path)).json).toMatchObject({ revision: 1, hint: 'first' });
  });

  it('of many updates of one revision lets one through', async () => {
    const path = `/v1/entries/${idOf(await create())}`;
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, at) =>
        rest.call(path, {
          method: 'PATCH',
          body: { hint: String(at) },
          headers: { 'if-match': '"0"' },
        }),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 412)).toHaveLength(9);
  });

  it.each([
    [{}, 428, 'rest.if_match_missing'],
    [{ 'if-match': '0' }, 400, 'rest.if_match'],
    [{ 'if-match': 'W/"0"' }, 400, 'rest.if_match'],
    [{ 'if-match': '"0", "1"' }, 400, 'rest.if_match'],
  ])('needs If-Match for an update: %j', async (headers, status, reason) => {
    const path = `/v1/entries/${idOf(await create())}`;
    const answer = await rest.call(path, { method: 'PATCH', body: { hint: 'x' }, headers });
    expect(answer).toMatchObject({ status, json: { reason } });
  });

  it('deletes, gives what was, and has it no more', async () => {
    const created = await create();
    const path = `/v1/entries/${idOf(created)}`;
    const deleted = await rest.call(path, { method: 'DELETE' });
    expect(deleted).toMatchObject({ status: 200, json: created.json });
    expect(deleted.headers['signet-log-index']).toMatch(/^\d+$/);
    for (const method of ['GET', 'DELETE'] as const) {
      expect(await rest.call(path, { method })).toMatchObject({
        status: 404,
        json: { reason: 'entry.not_found' },
      });
    }
  });

  it('heeds If-Match when it deletes', async () => {
    const path = `/v1/entries/${idOf(await create())}`;
    const stale = { method: 'DELETE', headers: { 'if-match': '"7"' } } as const;
    expect(await rest.call(path, stale)).toMatchObject({ status: 412 });
    expect((await rest.call(path)).status).toBe(200);
    expect(
      await rest.call(path, { method: 'DELETE', headers: { 'if-match': '"0"' } }),
    ).toMatchObject({ status: 200 });
  });
});

describe('GET /v1/entries', () => {
  it('pages through all of them, each once', async () => {
    for (let at = 0; at < 5; at += 1) await create({ hint: 'paged' });
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const more = cursor === undefined ? '' : `&cursor=${cursor}`;
      const { json } = await rest.call(`/v1/entries?hint=paged&pageSize=2${more}`);
      const items = json['items'] as { id: string }[];
      expect(items.length).toBeLessThanOrEqual(2);
      seen.push(...items.map(({ id }) => id));
      cursor = json['nextCursor'] as string | undefined;
    } while (cursor !== undefined);
    expect(seen).toHaveLength(5);
    expect(new Set(seen).size).toBe(5);
    expect(seen).toEqual(seen.toSorted());
  });

  it.each([
    ['spiffeId=spiffe%3A%2F%2Fprod.example%2Ff%2Fone', ['spiffe://prod.example/f/one']],
    ['parentId=spiffe%3A%2F%2Fprod.example%2Ffp', ['spiffe://prod.example/f/two']],
    ['selector=f%3Ax', ['spiffe://prod.example/f/one', 'spiffe://prod.example/f/two']],
    ['selector=f%3Ax&selector=f%3Ay', ['spiffe://prod.example/f/two']],
    ['downstream=true', ['spiffe://prod.example/f/one']],
  ])('filters by %s', async (query, expected) => {
    await create({ spiffeId: 'spiffe://prod.example/f/one', selectors: ['f:x'], downstream: true });
    await create({
      spiffeId: 'spiffe://prod.example/f/two',
      parentId: 'spiffe://prod.example/fp',
      selectors: ['f:x', 'f:y'],
    });
    const { json } = await rest.call(`/v1/entries?${query}`);
    const ids = (json['items'] as { spiffeId: string }[]).map(({ spiffeId }) => spiffeId);
    expect(ids.toSorted()).toEqual(expected);
  });
});

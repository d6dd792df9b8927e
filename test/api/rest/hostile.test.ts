import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cursors } from '../../../src/api/rest/cursor.ts';
import { parseJsonBody } from '../../../src/api/rest/json-body.ts';
import { reasonOf } from '../../support/reason-of.ts';
import { entryBody, testRest, type TestRest } from '../../support/rest.ts';

let rest: TestRest;
beforeAll(async () => {
  rest = await testRest();
  for (const name of ['a', 'b', 'c']) {
    const body = entryBody({ spiffeId: `spiffe://prod.example/${name}` });
    await rest.call('/v1/entries', { method: 'POST', body });
  }
});
afterAll(() => rest.close());

const parse = (text: string | Uint8Array) => parseJsonBody(Buffer.from(text));
const post = (body: unknown) => rest.call('/v1/entries', { method: 'POST', body });
const lists = ['/v1/entries', '/v1/agents', '/v1/svids', '/v1/log/entries'];

describe('filters (Q1, Q2)', () => {
  const texts = [`'`, `"`, `' OR 1=1 --`, `/**/`, `;DROP TABLE entry`, '\0', '\\u0000', '%', '_'];

  it.each(texts)(
    'take %j as data or refuse it, and let nothing of the database through',
    async (text) => {
      for (const [path, name] of [
        ['/v1/entries', 'hint'],
        ['/v1/entries', 'spiffeId'],
        ['/v1/entries', 'selector'],
        ['/v1/agents', 'attestationType'],
        ['/v1/svids', 'node'],
        ['/v1/log/entries', 'kind'],
        ['/v1/log/entries', 'actor'],
        ['/v1/log/entries', 'serial'],
        ['/v1/entries', 'cursor'],
      ] as const) {
        const answer = await rest.call(`${path}?${name}=${encodeURIComponent(text)}`);
        const isEmpty = answer.status === 200 && answer.text === '{"items":[]}';
        expect(isEmpty || answer.status === 400).toBe(true);
        expect(answer.text).not.toMatch(/sqlite|syntax error|knex|select /i);
      }
    },
  );

  it.each(['sort=id', 'orderBy=id', 'columns=*', '__proto__=x', 'constructor=x'])(
    'are a closed list: %s is none',
    async (query) => {
      for (const path of lists) {
        const answer = await rest.call(`${path}?${query}`);
        expect(answer).toMatchObject({ status: 400, json: { reason: 'rest.parameter' } });
      }
    },
  );
});

describe('cursors (Q3)', () => {
  const first = async () => String((await rest.call('/v1/entries?pageSize=1')).json['nextCursor']);
  const refused = { status: 400, json: { reason: 'rest.cursor' } };

  it('belong to the list and the filter they were given for', async () => {
    const cursor = await first();
    expect((await rest.call(`/v1/entries?cursor=${cursor}`)).status).toBe(200);
    expect(await rest.call(`/v1/agents?cursor=${cursor}`)).toMatchObject(refused);
    expect(await rest.call(`/v1/log/entries?cursor=${cursor}`)).toMatchObject(refused);
    expect(await rest.call(`/v1/entries?hint=x&cursor=${cursor}`)).toMatchObject(refused);
  });

  it('are worth nothing in another process', async () => {
    const forged = new Cursors().seal(['entries', {}], 'a');
    expect(await rest.call(`/v1/entries?cursor=${forged}`)).toMatchObject(refused);
  });

  it('open only unaltered', () => {
    const cursors = new Cursors();
    const sealed = cursors.seal(['x'], 'last');
    expect(cursors.open(['x'], sealed)).toBe('last');
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.constantFrom('A', 'b', '-', '_', '='), (at, c) => {
        fc.pre(sealed[at] !== c);
        const altered = sealed.slice(0, at) + c + sealed.slice(at + 1);
        expect(reasonOf(() => cursors.open(['x'], altered))).toBe('rest.cursor');
      }),
    );
  });
});

describe('page sizes (Q4)', () => {
  it.each([
    '0',
    '-1',
    '1001',
    '9007199254740992',
    'NaN',
    '1e2',
    '0x10',
    '1.5',
    '',
    ' 5',
    '05',
    '2&pageSize=3',
  ])('refuse %j', async (size) => {
    for (const path of lists) {
      expect((await rest.call(`${path}?pageSize=${size}`)).status).toBe(400);
    }
  });

  it.each(['1', '1000'])('allow %s', async (size) => {
    for (const path of lists)
      expect((await rest.call(`${path}?pageSize=${size}`)).status).toBe(200);
  });
});

describe('bodies (Q6, Q7, D3)', () => {
  it.each([
    'role',
    'approved',
    'id',
    'revision',
    'createdAt',
    '__proto__',
    'constructor',
    'toString',
  ])('refuse the further member %s', async (name) => {
    const text = JSON.stringify(entryBody({ hint: 'further' })).replace('{', `{"${name}":"x",`);
    const answer = await post(text);
    expect(answer).toMatchObject({ status: 400, json: { reason: 'rest.body' } });
    expect(Reflect.get({}, 'x')).toBeUndefined();
  });

  it.each([
    '{"a":1,"a":2}',
    String.raw`{"a":1,"\u0061":2}`,
    '{"b":[{"c":{"d":1,"e":2,"d":3}}]}',
    '{"a":{"a":1},"a":2}',
    '{"__proto__":1,"__proto__":2}',
    String.raw`{"\"":1,"\"":2}`,
  ])('refuse a member named twice: %s', (text) => {
    expect(reasonOf(() => parse(text))).toBe('json.duplicate');
  });

  it('tell a name from the same text as a value or in another object', () => {
    const text = String.raw`{"a":"a","b":["a","a",{"a":1},{"a":"\",\"a\":"}],"c":{"a":1}}`;
    expect(parse(text)).toEqual(JSON.parse(text));
  });

  it('are read as JSON.parse reads them', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (text) => {
        expect(parse(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each([
    ['['.repeat(16) + ']'.repeat(16), undefined],
    ['['.repeat(17) + ']'.repeat(17), 'json.depth'],
    ['['.repeat(200_000), 'json.depth'],
    [`[${'1,'.repeat(10_001)}1]`, 'json.members'],
    ['', 'json.malformed'],
    ['{', 'json.malformed'],
    ['{"a":1,}', 'json.malformed'],
    ['NaN', 'json.malformed'],
    ["{'a':1}", 'json.malformed'],
    ['\uFEFF{}', 'json.encoding'],
  ])('are bounded and well-formed', (text, reason) => {
    expect(reasonOf(() => parse(text))).toBe(reason);
  });

  it('are UTF-8', () => {
    expect(reasonOf(() => parse(Uint8Array.of(0x22, 0xc3, 0x28, 0x22)))).toBe('json.encoding');
  });

  it.each([
    String.raw`"\"`.repeat(85_000),
    `"${String.raw`\"`.repeat(130_000)}`,
    '"'.repeat(262_143),
  ])('take no time that grows with the square of their length', (text) => {
    const start = process.cpuUsage();
    expect(reasonOf(() => parse(text))).toBe('json.malformed');
    expect(process.cpuUsage(start).user).toBeLessThan(2_000_000);
  });

  it('are no longer than 256 KiB', async () => {
    const answer = await post(JSON.stringify({ hint: 'x'.repeat(262_144) }));
    expect(answer).toMatchObject({ status: 413, json: { reason: 'rest.body_too_long' } });
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/json-seq'])(
    'are not %s',
    async (type) => {
      const headers = { 'content-type': type };
      const answer = await rest.call('/v1/entries', { method: 'POST', body: '{}', headers });
      expect(answer).toMatchObject({ status: 415, json: { reason: 'rest.media_type' } });
    },
  );
});

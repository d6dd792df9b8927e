import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { actorOfSocket } from '../../../src/api/rest/actor.ts';
import { permissionOf, routePermissions } from '../../../src/api/rest/permissions.ts';
import { openCheckpoint } from '../../../src/audit/checkpoint.ts';
import { parseNoteKey } from '../../../src/audit/note-key.ts';
import { includes } from '../../../src/audit/proof.ts';
import { parseCertificate } from '../../../src/pki/certificate.ts';
import { reasonOf } from '../../support/reason-of.ts';
import { callApp, entryBody, testRest, type TestRest } from '../../support/rest.ts';
import { buildRestServer } from '../../../src/api/rest/server.ts';
import { testOrder } from '../../support/test-issuance.ts';
import { attest } from '../../store/builders.ts';

let rest: TestRest;
beforeAll(async () => {
  rest = await testRest();
});
afterAll(() => rest.close());

const admin = { actor: 'user:alice', requestId: 'r-0' };
const mint = (changes: Record<string, unknown> = {}) => {
  const csr = Buffer.from(testOrder().csr).toString('base64url');
  const body = { spiffeId: 'spiffe://prod.example/w', csr, ...changes };
  return rest.call('/v1/svids:mint', { method: 'POST', body });
};

describe('permissions (Z1, Z7)', () => {
  const sampleOf = (route: string) => {
    const [method = '', path = ''] = route.split(' ');
    const url = path
      .replace(/:id(\([^)]*\))?/, encodeURIComponent('spiffe://prod.example/a'))
      .replace(':index', '0')
      .replace('::', ':');
    return { method: method as 'GET', url };
  };
  const open = new Set(['GET /healthz', 'GET /readyz', 'GET /metrics']);

  it.each(Object.keys(routePermissions))(
    'let anonymous callers through to none but what is open: %s',
    async (route) => {
      const app = await buildRestServer({ ...rest.deps, role: 'anonymous' });
      const { method, url } = sampleOf(route);
      const answer = await callApp(app, url, { method });
      await app.close();
      const reason = answer.json['reason'];
      expect([answer.status, reason]).toEqual(
        open.has(route) ? [200, undefined] : [403, 'rest.not_allowed'],
      );
    },
  );

  it.each(Object.keys(routePermissions))(
    'let admins through, and there is such a route: %s',
    async (route) => {
      const { method, url } = sampleOf(route);
      const answer = await rest.call(url, { method });
      expect(answer.status).not.toBe(403);
      expect(answer.json['reason']).not.toBe('rest.no_route');
    },
  );

  it('have a row for every route, or it cannot be added', () => {
    expect(reasonOf(() => permissionOf('GET', '/v1/new'))).toBe('internal');
    expect(reasonOf(() => permissionOf('constructor', ''))).toBe('internal');
  });

  it.each([
    '/v1//entries',
    '/V1/entries',
    '/v1/entries/',
    '//v1/entries',
    '/v1/entries.',
    '/v1/%2e%2e/v1/entries',
  ])('are not got around by %s', async (url) => {
    const app = await buildRestServer({ ...rest.deps, role: 'anonymous' });
    expect([403, 404]).toContain((await callApp(app, url)).status);
    await app.close();
  });

  it('hold for another spelling of the same path', async () => {
    const app = await buildRestServer({ ...rest.deps, role: 'anonymous' });
    expect((await callApp(app, '/v1/%65ntries')).status).toBe(403);
    await app.close();
  });

  it.each(['HEAD', 'OPTIONS', 'PUT'] as const)('have no route for %s', async (method) => {
    expect((await rest.call('/v1/entries', { method })).status).toBe(404);
  });
});

describe('over TCP', () => {
  it('answers to loopback names only, and takes nobody there for an admin without a name', async () => {
    const app = await buildRestServer({ ...rest.deps, actorOf: actorOfSocket });
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    const ask = async (host: string, method = 'GET') => {
      const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
      const path = method === 'GET' ? '/healthz' : '/v1/entries/x';
      const request = httpRequest(url + path, { method, headers: { host }, agent: false });
      request.on('response', (message) => resolve(message.resume().statusCode));
      request.on('error', reject);
      request.end();
      return promise;
    };
    expect(await ask('127.0.0.1:1')).toBe(200);
    expect(await ask('localhost')).toBe(200);
    expect(await ask('attacker.example')).toBe(421);
    expect(await ask('localhost.attacker.example')).toBe(421);
    expect(await ask('localhost', 'DELETE')).toBe(401);
    await app.close();
  });
});

describe('problems', () => {
  it('are RFC 9457 documents, and say nothing of what went wrong inside', async () => {
    const failing = { ...rest.deps.entries, entry: () => Promise.reject(new Error('hunter2')) };
    const app = await buildRestServer({ ...rest.deps, entries: failing });
    const answer = await callApp(app, '/v1/entries/x');
    await app.close();
    expect(answer).toMatchObject({
      status: 500,
      type: expect.stringContaining('application/problem+json') as unknown,
      json: {
        type: 'urn:signet:problem:internal',
        status: 500,
        reason: 'internal',
        requestId: answer.headers['signet-request-id'],
      },
    });
    expect(answer.text).not.toContain('hunter2');
  });

  it('point at what is wrong with a body', async () => {
    const body = entryBody({ selectors: ['a:b', 7], admin: 'yes' });
    const { json } = await rest.call('/v1/entries', { method: 'POST', body });
    const pointers = (json['errors'] as { pointer: string }[]).map(({ pointer }) => pointer);
    expect(pointers).toEqual(expect.arrayContaining(['/selectors/1', '/admin']));
  });
});

describe('GET /v1/openapi.json', () => {
  it('describes every route but itself', async () => {
    const { json } = await rest.call('/v1/openapi.json');
    expect(json['openapi']).toBe('3.1.0');
    const paths = json['paths'] as Record<string, Record<string, unknown>>;
    const described = Object.values(paths).flatMap((path) => Object.keys(path)).length;
    expect(described).toBe(Object.keys(routePermissions).length - 1);
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining(['/v1/svids:mint', '/v1/agents/{id}:ban', '/v1/entries/{id}']),
    );
  });
});

describe('agents and tokens', () => {
  it('are listed, shown, banned and evicted', async () => {
    const { id } = attest();
    await rest.store.ledger.commit('agent.attest', attest(), admin);
    const path = `/v1/agents/${encodeURIComponent(id)}`;
    const { json } = await rest.call('/v1/agents?banned=false');
    expect(json['items']).toMatchObject([{ id, state: 'active', serial: '0a' }]);
    const banned = await rest.call(`${path}:ban`, { method: 'POST' });
    expect(banned).toMatchObject({ status: 200, json: { id, state: 'banned' } });
    expect(banned.headers['signet-log-index']).toMatch(/^\d+$/);
    expect((await rest.call(path)).json).toMatchObject({ state: 'banned' });
    expect((await rest.call(path, { method: 'DELETE' })).status).toBe(200);
    expect((await rest.call(path)).status).toBe(404);
  });

  it('join by tokens, which are shown once', async () => {
    const answer = await rest.call('/v1/join-tokens', { method: 'POST', body: { ttlSeconds: 60 } });
    expect(answer).toMatchObject({ status: 201, json: { expiresAt: '2030-01-01T00:01:00Z' } });
    const index = String(answer.headers['signet-log-index']);
    const leaf = await rest.call(`/v1/log/entries/${index}`);
    expect(leaf.json['kind']).toBe('join_token.created');
    expect(leaf.text).not.toContain(String(answer.json['token']));
  });
});

describe('authorities and bundle', () => {
  it('are a root and an issuer, the root in the bundle', async () => {
    const { json } = await rest.call('/v1/authorities');
    expect(json['items']).toMatchObject([{ role: 'root' }, { role: 'issuer' }]);
    const jwks = await rest.call('/v1/bundle');
    expect(jwks.json).toMatchObject({ keys: [{ use: 'x509-svid' }], spiffe_sequence: 1 });
    const pem = await rest.call('/v1/bundle', { headers: { accept: 'application/x-pem-file' } });
    expect(pem.text).toMatch(/^-----BEGIN CERTIFICATE-----/);
  });
});

describe('minting, and the log of it', () => {
  it('issues, logs, lists by moment, and proves', async () => {
    const minted = await mint();
    expect(minted.status).toBe(201);
    const serial = String(minted.json['serial']);
    const [leaf = ''] = minted.json['chain'] as string[];
    expect(parseCertificate(Buffer.from(leaf, 'base64url'))).toMatchObject({ serial });

    const at = async (validAt: string) =>
      (await rest.call(`/v1/svids?serial=${serial}&validAt=${validAt}`)).json['items'];
    expect(await at('2030-01-01T00:30:00Z')).toMatchObject([
      { serial, spiffeId: 'spiffe://prod.example/w', logIndex: expect.any(Number) as unknown },
    ]);
    expect(await at('2030-01-01T01:00:00Z')).toEqual([]);
    expect(await at('2029-12-31T23:00:00Z')).toEqual([]);

    const { json: proof } = await rest.call(`/v1/log/proof?serial=${serial}`);
    expect(String(proof['index'])).toBe(minted.headers['signet-log-index']);
    const init = await rest.call('/v1/log/entries/0');
    const key = parseNoteKey((init.json['event'] as { key: string }).key);
    const { size, root } = openCheckpoint(String(proof['checkpoint']), key);
    expect(size).toBe(proof['size']);
    const hashes = (proof['hashes'] as string[]).map((hash) => Buffer.from(hash, 'hex'));
    const hash = Buffer.from(String(proof['leafHash']), 'hex');
    expect(includes(hash, { index: Number(proof['index']), size, hashes }, root)).toBe(true);
    expect((await rest.call(`/v1/log/consistency?from=1&to=${size}`)).status).toBe(200);
  });

  it.each([
    [{ spiffeId: 'spiffe://other.example/w' }, 'entry.trust_domain'],
    [{ spiffeId: 'spiffe://prod.example/spire/server' }, 'entry.spiffe_id'],
    [{ spiffeId: 'spiffe://prod.example/spire/agent/x' }, 'entry.spiffe_id'],
    [{ spiffeId: 'spiffe://prod.example' }, 'entry.spiffe_id'],
    [{ csr: 'AA' }, 'der.tag'],
    [{ csr: 'A' }, 'rest.bytes'],
    [{ ttlSeconds: 0 }, 'rest.body'],
  ])('refuses %j', async (changes, reason) => {
    expect((await mint(changes)).json).toMatchObject({ reason });
  });

  it.each([
    ['/v1/log/entries/999999', 404],
    ['/v1/log/proof?serial=ff', 404],
    ['/v1/log/proof', 400],
    ['/v1/log/proof?serial=ff&index=0', 400],
    ['/v1/log/consistency?from=5&to=999999', 404],
  ])('answers %s with %i', async (url, status) => {
    expect((await rest.call(url)).status).toBe(status);
  });
});

describe('the process', () => {
  it('is alive, ready, and measured', async () => {
    expect((await rest.call('/healthz')).json).toEqual({ status: 'alive' });
    expect((await rest.call('/readyz')).json).toEqual({ status: 'ready', waitingFor: [] });
    expect((await rest.call('/metrics')).type).toContain('text/plain');
    const app = await buildRestServer({ ...rest.deps, notReady: () => ['store'] });
    expect(await callApp(app, '/readyz')).toMatchObject({
      status: 503,
      json: { waitingFor: ['store'] },
    });
    await app.close();
  });
});

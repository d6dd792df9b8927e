// The REST API on a real store and a real CA, for tests: called in the same process, or listening.
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { Registry as Metrics } from 'prom-client';
import type { RestDeps } from '../../src/api/rest/deps.ts';
import { buildRestServer } from '../../src/api/rest/server.ts';
import { MemoryKeys } from '../../src/ca/memory-keys.ts';
import { Registry } from '../../src/registry/registry.ts';
import { silentLogger } from '../../src/runtime/log.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import type { Store } from '../../src/store/store.ts';
import { type ManualClock, manualClock } from './manual-clock.ts';
import { issuanceOn, trustDomain } from './test-issuance.ts';

export interface RestAnswer {
  readonly status: number;
  readonly type: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  /** The body, if it is JSON. */
  readonly json: Record<string, unknown>;
}

export interface RestRequest {
  readonly method?: 'DELETE' | 'GET' | 'HEAD' | 'OPTIONS' | 'PATCH' | 'POST' | 'PUT';
  /** An object to be sent as JSON, or the text itself. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface TestRest {
  readonly app: FastifyInstance;
  readonly store: Store;
  readonly clock: ManualClock;
  readonly folder: string;
  readonly database: string;
  readonly metrics: Metrics;
  readonly deps: RestDeps;
  call(url: string, request?: RestRequest): Promise<RestAnswer>;
  close(): Promise<void>;
}

/** Close it. */
export async function testRest(changes: Partial<RestDeps> = {}): Promise<TestRest> {
  const clock = manualClock();
  const folder = await mkdtemp(join(tmpdir(), 'signet-rest-'));
  const database = join(folder, 'signet.db');
  const { privateKey: logKey } = generateKeyPairSync('ed25519');
  const store = await openSqliteStore({
    file: database,
    origin: 'signet.example/prod.example/issuance/0',
    logKey,
    clock,
  });
  const ca = await issuanceOn(store, { keys: new MemoryKeys(), clock });
  const registry = await Registry.open({
    reader: store.registry,
    ledger: store.ledger,
    clock,
    trustDomain,
    log: silentLogger,
  });
  const metrics = new Metrics();
  const deps: RestDeps = {
    trustDomain,
    registry,
    entries: store.registry,
    log: store.log,
    authorities: ca.authorities,
    issuance: ca.service,
    svidTtlSeconds: 3600,
    metrics,
    notReady: () => [],
    clock,
    logger: silentLogger,
    version: '1.2.3',
    role: 'admin',
    actorOf: () => 'user:alice',
    ...changes,
  };
  const app = await buildRestServer(deps);
  return {
    app,
    store,
    clock,
    folder,
    database,
    metrics,
    deps,
    call: (url, request) => callApp(app, url, request),
    async close() {
      await app.close();
      await ca.threads.close();
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function callApp(
  app: FastifyInstance,
  url: string,
  { method = 'GET', body, headers = {} }: RestRequest = {},
): Promise<RestAnswer> {
  const payload = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
  const answer = await app.inject({
    method,
    url,
    headers: {
      ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(payload === undefined ? {} : { payload }),
  });
  const type = answer.headers['content-type'] ?? '';
  return {
    status: answer.statusCode,
    type,
    headers: answer.headers,
    text: answer.body,
    json: type.includes('json') && answer.body !== '' ? answer.json() : {},
  };
}

/** An entry that is well-formed, as JSON. */
export function entryBody(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    spiffeId: 'spiffe://prod.example/web',
    parentId: 'spiffe://prod.example/host',
    selectors: ['unix:uid:1000'],
    ...changes,
  };
}

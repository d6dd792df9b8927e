import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { bindSpireServices } from '../../../src/api/spire/services.ts';
import { SVID } from '../../../src/gen/spire/api/server/svid/v1/svid_pb.js';
import { parseCertificate } from '../../../src/pki/certificate.ts';
import { createCsr } from '../../../src/pki/csr.ts';
import { generateKeyPair } from '../../../src/pki/key.ts';
import { spiffeIdOfLeaf } from '../../../src/pki/svid-certificate.ts';
import type { EntryFields } from '../../../src/registry/entry-draft.ts';
import { RpcFailure } from '../../../src/rpc/status.ts';
import type { TlsIdentity } from '../../../src/rpc/tls-identity.ts';
import { parseSpiffeId } from '../../../src/spiffe/spiffe-id.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { attestedAgent, type SpireServer, spireServer } from '../../support/spire-server.ts';
import { origin } from '../../support/test-issuance.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let server: SpireServer;
let agent: TlsIdentity;
beforeEach(async () => {
  server = await spireServer((grpc, deps) => bindSpireServices(grpc, deps, 'local'));
  agent = await attestedAgent(server, 'one');
});
afterEach(() => server[Symbol.asyncDispose]());

const agentId = (token: string) => `spiffe://prod.example/spire/agent/join_token/${token}`;
const [invalidArgument, notFound] = [3, 5];

async function made(id: string, changes: Partial<EntryFields> = {}) {
  const fields = {
    id,
    spiffeId: `spiffe://prod.example/${id}`,
    parentId: agentId('one'),
    selectors: ['unix:uid:1'],
    ...changes,
  };
  return (await server.registry.createEntry(fields, origin)).result;
}

function csrFor(path: string, dnsNames: readonly string[] = []): Buffer {
  const { privateKey } = generateKeyPair();
  return createCsr({
    privateKey,
    uris: [parseSpiffeId(`spiffe://prod.example/${path}`)],
    dnsNames,
  });
}

const item = (entryId: string, csr: Uint8Array = csrFor(entryId)) => ({ entryId, csr });
const request = (params: { entryId: string; csr: Uint8Array }[]) =>
  server.remote(SVID, agent).batchNewX509SVID({ params });
const codes = (results: readonly { status?: { code: number } | undefined }[]) =>
  results.map(({ status }) => status?.code);

async function failureOf(call: Promise<unknown>) {
  const error = await rejectionOf(call);
  return error instanceof RpcFailure ? (error.remoteReason ?? error.reason) : error?.reason;
}

describe('certificates for the workloads of an agent', () => {
  it('have what the entry says, whatever names their request asks for', async () => {
    await made('web', { dnsNames: ['web.example'], x509SvidTtlSeconds: 600 });
    const { results } = await request([item('web', csrFor('web', ['evil.example']))]);
    const { status, svid } = results[0] ?? {};
    expect(status).toMatchObject({ code: 0, message: 'OK' });
    expect(svid?.id).toMatchObject({ trustDomain: 'prod.example', path: '/web' });
    expect(svid?.certChain.length).toBeGreaterThan(1);
    const leaf = parseCertificate(svid?.certChain[0] ?? Buffer.of());
    expect(spiffeIdOfLeaf(leaf)).toBe('spiffe://prod.example/web');
    expect(Buffer.from(svid?.certChain[0] ?? []).includes('web.example')).toBe(true);
    expect(Buffer.from(svid?.certChain[0] ?? []).includes('evil.example')).toBe(false);
    expect(Number(svid?.expiresAt)).toBe(leaf.notAfter);
    expect(leaf.notAfter).toBe(server.clock.unixMs() / 1000 + 600);
  });

  it('are in the log with entry, revision, node and how that attested', async () => {
    await made('web');
    await request([item('web')]);
    const [event] = await server.logged('x509.issued');
    expect(event).toMatchObject({
      spiffe_id: 'spiffe://prod.example/web',
      entry: 'web:0',
      node: agentId('one'),
      attestor: 'join_token',
    });
  });

  it('end with their entry', async () => {
    const expiresAt = server.clock.unixMs() / 1000 + 120;
    await made('web', { expiresAt });
    const { results } = await request([item('web')]);
    expect(Number(results[0]?.svid?.expiresAt)).toBe(expiresAt);
  });

  it('are answered where they were asked for, whatever becomes of the others', async () => {
    await made('a');
    await made('b');
    const broken = csrFor('a');
    broken.writeUInt8(broken.readUInt8(broken.length - 1) ^ 1, broken.length - 1);
    const { results } = await request([
      item('a'),
      item('', csrFor('a')),
      item('a', Buffer.of()),
      item('gone'),
      item('a', Buffer.from('no request')),
      item('a', broken),
      item('b'),
    ]);
    const bad = invalidArgument;
    expect(codes(results)).toEqual([0, bad, bad, notFound, bad, bad, 0]);
    expect(results.map(({ status }) => status?.message)).toEqual([
      'OK',
      'missing entry ID',
      'missing CSR',
      'entry not found or not authorized',
      'malformed CSR',
      'invalid CSR signature',
      'OK',
    ]);
    expect(results.map(({ svid }) => svid?.id?.path)).toEqual([
      '/a',
      ...Array.from({ length: 5 }),
      '/b',
    ]);
  });

  it('are not given for an ID other than that of the entry', async () => {
    await made('web');
    const { results } = await request([item('web', csrFor('admin'))]);
    expect(codes(results)).toEqual([invalidArgument]);
    expect(results[0]?.svid).toBe(undefined);
    expect(await server.logged('x509.rejected')).toMatchObject([{ reason: 'issuance.uri' }]);
  });

  it('are not given for entries of another agent, and the attempt is logged', async () => {
    await attestedAgent(server, 'two');
    await made('theirs', { parentId: agentId('two') });
    const { results } = await request([item('theirs'), item('theirs'), item('gone')]);
    expect(codes(results)).toEqual([notFound, notFound, notFound]);
    expect(await server.logged('x509.rejected')).toMatchObject([
      { reason: 'api.entry_not_authorized', node: agentId('one'), target: 'theirs' },
    ]);
  });

  it('are not given for an entry that has ended', async () => {
    await made('web', { expiresAt: server.clock.unixMs() / 1000 - 1 });
    expect(codes((await request([item('web')])).results)).toEqual([notFound]);
  });

  it('come in batches of 1 to 500', async () => {
    expect(await failureOf(request([]))).toBe('api.missing_params');
    const many = Array.from({ length: 501 }, () => item('x', Buffer.of(1)));
    expect(await failureOf(request(many))).toBe('api.too_many_params');
  });

  it('are for agents alone', async () => {
    await made('web');
    const local = server.local(SVID).batchNewX509SVID({ params: [item('web')] });
    expect(await failureOf(local)).toBe('caller.denied');
  });
});

describe('minted certificates', () => {
  const mint = (csr: Uint8Array, ttl = 0) => server.local(SVID).mintX509SVID({ csr, ttl });

  it('have the ID and the DNS names of their request', async () => {
    const { svid } = await mint(csrFor('web', ['web.example']), 60);
    expect(svid?.id?.path).toBe('/web');
    const leaf = Buffer.from(svid?.certChain[0] ?? []);
    expect(leaf.includes('web.example')).toBe(true);
    expect(Number(svid?.expiresAt)).toBe(server.clock.unixMs() / 1000 + 60);
  });

  it('live as long as others do unless their request says so', async () => {
    const { svid } = await mint(csrFor('web'));
    expect(Number(svid?.expiresAt)).toBe(server.clock.unixMs() / 1000 + 3600);
  });

  const { privateKey } = generateKeyPair();
  const other = parseSpiffeId('spiffe://other.example/w');
  it.each([
    ['no request', Buffer.of(), 'api.missing_csr'],
    ['no URI', createCsr({ privateKey }), 'api.mint_uri'],
    ['two URIs', createCsr({ privateKey, uris: [other, other] }), 'csr.uris'],
    ['another trust domain', createCsr({ privateKey, uris: [other] }), 'entry.trust_domain'],
    ['an ID that is reserved', csrFor('spire/server'), 'entry.spiffe_id'],
    ['a DNS name that is none', csrFor('web', ['-']), 'names.dns'],
    ['a name its wildcard covers', csrFor('web', ['*.a.b', 'x.a.b']), 'names.covered'],
  ])('are refused for %s', async (_title, csr, reason) => {
    expect(await failureOf(mint(csr))).toBe(reason);
    expect((await server.logged('x509.issued')).map(({ profile }) => profile)).not.toContain(
      'workload',
    );
  });

  it('are refused for a lifetime below zero', async () => {
    expect(await failureOf(mint(csrFor('web'), -1))).toBe('api.mint_ttl');
  });

  it('are not for agents', async () => {
    const call = server.remote(SVID, agent).mintX509SVID({ csr: csrFor('web') });
    expect(await failureOf(call)).toBe('caller.denied');
  });
});

it('has no JWTs to offer', async () => {
  const call = server.local(SVID).mintJWTSVID({ id: { trustDomain: 'prod.example', path: '/a' } });
  expect(await failureOf(call)).toBe('rpc.not_implemented');
});

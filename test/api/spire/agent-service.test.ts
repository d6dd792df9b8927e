import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Agent } from '../../../src/gen/spire/api/server/agent/v1/agent_pb.js';
import {
  agentServer,
  agentId,
  failureOf,
  idMessage,
  makeToken,
  serialOf,
} from '../../support/spire-agents.ts';
import { attest, attestedAgent, type SpireServer } from '../../support/spire-server.ts';

vi.setConfig({ testTimeout: 30_000 });

let server: SpireServer;
beforeEach(async () => {
  server = await agentServer();
});
afterEach(() => server[Symbol.asyncDispose]());

describe('administration of agents', () => {
  it('makes tokens that attest, named or drawn', async () => {
    const client = server.local(Agent);
    expect(await client.createJoinToken({ ttl: 60, token: 'mine' })).toMatchObject({
      value: 'mine',
    });
    const { value, expiresAt } = await client.createJoinToken({ ttl: 60 });
    expect(expiresAt).toBe(BigInt(server.clock.unixMs() / 1000 + 60));
    expect(await attest(server.remote(Agent), value)).toHaveLength(1);
  });

  it('gives the bearer of a token the further ID that goes with it', async () => {
    const id = { trustDomain: 'prod.example', path: '/nodes/a' };
    await server.local(Agent).createJoinToken({ ttl: 60, token: 't-1', agentId: id });
    await attest(server.remote(Agent), 't-1');
    const entries = server.registry.authorizedEntries(agentId('t-1'));
    expect(entries).toMatchObject([{ spiffeId: 'spiffe://prod.example/nodes/a' }]);
  });

  it.each([
    ['without a lifetime', { token: 't' }, 'invalid_argument'],
    ['with a token that is no path segment', { ttl: 1, token: 'a/b' }, 'invalid_argument'],
    ['for a malformed ID', { ttl: 1, agentId: { trustDomain: 'A', path: '' } }, 'invalid_argument'],
    [
      'for an ID of another trust domain',
      { ttl: 1, agentId: { trustDomain: 'other.example', path: '/n' } },
      'invalid_argument',
    ],
    ['that exists', { ttl: 1, token: 'taken' }, 'internal'],
  ])('makes no token %s', async (_name, request, code) => {
    await makeToken(server, 'taken');
    expect(await failureOf(server.local(Agent).createJoinToken(request))).toMatchObject({ code });
  });

  it('shows agents, counts them and goes through them page by page', async () => {
    for (const token of ['a', 'b', 'c']) await attestedAgent(server, token);
    const client = server.local(Agent);
    await client.banAgent({ id: idMessage('b') });
    expect(await client.countAgents({})).toMatchObject({ count: 3 });
    expect(await client.countAgents({ filter: { byBanned: true } })).toMatchObject({ count: 1 });

    const first = await client.listAgents({ pageSize: 2 });
    const { nextPageToken: pageToken } = first;
    const second = await client.listAgents({ pageSize: 2, pageToken });
    const paths = [...first.agents, ...second.agents].map(({ id }) => id?.path);
    expect(paths).toEqual(['a', 'b', 'c'].map((token) => idMessage(token).path));
    expect(second.nextPageToken).toBe('');
    expect(first.agents[1]).toMatchObject({ banned: true, x509svidSerialNumber: '' });
  });

  it('filters by the end of the SVID as SPIRE writes times', async () => {
    await attestedAgent(server, 'a');
    const client = server.local(Agent);
    const count = (byExpiresBefore: string) => client.countAgents({ filter: { byExpiresBefore } });
    expect(await count('2030-01-01 02:00:00 +0100 +01')).toMatchObject({ count: 0 });
    expect(await count('2030-01-01 01:00:01 +0000 UTC')).toMatchObject({ count: 1 });
    expect(await failureOf(count('tomorrow'))).toMatchObject({ reason: 'request.malformed' });
  });

  it('shows one agent, its serial in decimal', async () => {
    const svid = await attestedAgent(server, 'a');
    expect(await server.local(Agent).getAgent({ id: idMessage('a') })).toMatchObject({
      x509svidSerialNumber: BigInt(`0x${serialOf(svid)}`).toString(),
      attestationType: 'join_token',
    });
  });

  it('says of an agent there is not that it is not there', async () => {
    const client = server.local(Agent);
    const request = { id: idMessage('nobody') };
    for (const call of [client.getAgent, client.banAgent, client.deleteAgent]) {
      expect(await failureOf(call(request))).toMatchObject({
        code: 'not_found',
        text: 'agent not found',
      });
      expect(await failureOf(call({}))).toMatchObject({ reason: 'request.malformed' });
    }
  });

  it('refuses to list by filters and pages that make no sense', async () => {
    const client = server.local(Agent);
    const requests = [
      { pageSize: -1 },
      { pageToken: 'x' },
      { filter: { bySelectorMatch: { selectors: [] } } },
      { filter: { bySelectorMatch: { selectors: [{ type: 'a', value: 'b' }], match: 9 } } },
      { filter: { byAttestationType: 'a'.repeat(256) } },
    ];
    for (const request of requests) {
      expect(await failureOf(client.listAgents(request))).toMatchObject({
        reason: 'request.malformed',
      });
    }
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Agent } from '../../../src/gen/spire/api/server/agent/v1/agent_pb.js';
import { PermissionDeniedDetails_Reason as Denied } from '../../../src/gen/spire/api/types/status_pb.js';
import {
  agentServer,
  agentId,
  failureOf,
  idMessage,
  makeToken,
  postStatus,
  renew,
  serialOf,
} from '../../support/spire-agents.ts';
import { attest, attestedAgent, type SpireServer } from '../../support/spire-server.ts';

vi.setConfig({ testTimeout: 30_000 });

let server: SpireServer;
beforeEach(async () => {
  server = await agentServer();
});
afterEach(() => server[Symbol.asyncDispose]());

describe('an attested agent', () => {
  it('keeps its old SVID after renewal until the new one is used', async () => {
    const old = await attestedAgent(server, 't-1');
    const renewed = await renew(server, old);
    await postStatus(server, old);
    expect(server.registry.agent(agentId('t-1'))?.standing).toEqual({
      state: 'active',
      serial: serialOf(old),
      pendingSerial: serialOf(renewed),
    });

    await postStatus(server, renewed);
    expect(server.registry.agent(agentId('t-1'))?.standing).toEqual({
      state: 'active',
      serial: serialOf(renewed),
    });
    expect(await failureOf(postStatus(server, old))).toMatchObject({
      reason: 'caller.agent_not_active',
      denied: Denied.AGENT_NOT_ACTIVE,
    });
  });

  it('uses a renewed SVID in many calls at once', async () => {
    const renewed = await renew(server, await attestedAgent(server, 't-1'));
    const client = server.remote(Agent, renewed);
    await Promise.all(Array.from({ length: 20 }, () => client.postStatus({})));
    expect(await server.logged('node.activated')).toHaveLength(1);
  });

  it('is told that it is banned, on a connection it had before as well', async () => {
    const client = server.remote(Agent, await attestedAgent(server, 't-1'));
    await client.postStatus({});
    await server.local(Agent).banAgent({ id: idMessage('t-1') });
    expect(await failureOf(client.postStatus({}))).toEqual({
      code: 'permission_denied',
      reason: 'caller.agent_banned',
      text: 'authorization denied for method /spire.api.server.agent.v1.Agent/PostStatus',
      denied: Denied.AGENT_BANNED,
    });
  });

  it('is told to attest again once it was evicted, and can with a new token', async () => {
    const client = server.remote(Agent, await attestedAgent(server, 't-1'));
    await server.local(Agent).deleteAgent({ id: idMessage('t-1') });
    expect(await failureOf(client.renewAgent({}))).toMatchObject({
      reason: 'caller.agent_not_attested',
      denied: Denied.AGENT_NOT_ATTESTED,
    });
    await makeToken(server, 't-1');
    expect(await attest(server.remote(Agent), 't-1')).toHaveLength(1);
  });

  it('is told that its SVID has expired while its connection lasts', async () => {
    const client = server.remote(Agent, await attestedAgent(server, 't-1'));
    await client.postStatus({});
    server.clock.advance(3600_000);
    expect(await failureOf(client.postStatus({}))).toMatchObject({
      reason: 'caller.agent_expired',
      denied: Denied.AGENT_EXPIRED,
    });
  });

  it('does not renew without a request, nor with one that is no request', async () => {
    const client = server.remote(Agent, await attestedAgent(server, 't-1'));
    for (const request of [{}, { params: {} }, { params: { csr: Buffer.from('junk') } }]) {
      expect(await failureOf(client.renewAgent(request))).toMatchObject({
        code: 'invalid_argument',
      });
    }
    expect(server.registry.agent(agentId('t-1'))?.standing).not.toHaveProperty('pendingSerial');
  });

  it('may not state a version of any length', async () => {
    const client = server.remote(Agent, await attestedAgent(server, 't-1'));
    await client.postStatus({ agentVersion: 'v'.repeat(255) });
    expect(await failureOf(client.postStatus({ agentVersion: 'v'.repeat(256) }))).toMatchObject({
      reason: 'request.malformed',
    });
  });

  it('that attests its node again does not renew', async () => {
    const svid = await attestedAgent(server, 't-1');
    const agent = server.registry.agent(agentId('t-1'));
    vi.spyOn(server.registry, 'agent').mockReturnValue(agent && { ...agent, canReattest: true });
    expect(await failureOf(renew(server, svid))).toMatchObject({
      text: 'agent must reattest instead of renew',
      denied: Denied.AGENT_MUST_REATTEST,
    });
  });
});

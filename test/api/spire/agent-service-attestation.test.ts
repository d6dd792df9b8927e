import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Agent } from '../../../src/gen/spire/api/server/agent/v1/agent_pb.js';
import { parseCertificate } from '../../../src/pki/certificate.ts';
import {
  agentServer,
  agentId,
  failureOf,
  idMessage,
  makeToken,
} from '../../support/spire-agents.ts';
import { attest, attestedAgent, type SpireServer } from '../../support/spire-server.ts';
import { origin } from '../../support/test-issuance.ts';

vi.setConfig({ testTimeout: 30_000 });

let server: SpireServer;
beforeEach(async () => {
  server = await agentServer();
});
afterEach(() => server[Symbol.asyncDispose]());

describe('attestation of an agent', () => {
  it('gives an SVID for a token, and records the agent with its serial', async () => {
    await makeToken(server, 't-1');
    const [answer, ...more] = await attest(server.remote(Agent), 't-1');
    expect(more).toEqual([]);
    expect(answer?.step).toMatchObject({
      case: 'result',
      value: { reattestable: false, svid: { id: idMessage('t-1') } },
    });
    const { svid } = answer?.step.case === 'result' ? answer.step.value : {};
    const leaf = parseCertificate(svid?.certChain[0] ?? Buffer.of());
    expect(leaf.uris).toEqual([agentId('t-1')]);
    expect(svid?.expiresAt).toBe(BigInt(leaf.notAfter));
    expect(server.registry.agent(agentId('t-1'))).toMatchObject({
      standing: { state: 'active', serial: leaf.serial },
      attestationType: 'join_token',
      expiresAt: leaf.notAfter,
    });
    expect(await server.logged('node.attested')).toHaveLength(1);
  });

  it('refuses a token that was used, in the words agents retry at', async () => {
    await attestedAgent(server, 't-1');
    expect(await failureOf(attest(server.remote(Agent), 't-1'))).toMatchObject({
      code: 'invalid_argument',
      reason: 'join_token.unknown',
      text: 'failed to attest: join token does not exist or has already been used',
    });
    expect(await server.logged('node.rejected')).toHaveLength(1);
  });

  it('refuses an expired token and signs nothing for it', async () => {
    await makeToken(server, 't-1', 60);
    const before = await server.logged('x509.issued');
    server.clock.advance(60_000);
    expect(await failureOf(attest(server.remote(Agent), 't-1'))).toMatchObject({
      code: 'invalid_argument',
      reason: 'join_token.expired',
    });
    expect(await server.logged('x509.issued')).toEqual(before);
  });

  it('lets one of a hundred who bring a token at once in, and signs once', async () => {
    await makeToken(server, 't-1');
    const before = await server.logged('x509.issued');
    const issueWith = vi.spyOn(server.deps.issuance, 'issueWith');
    const client = server.remote(Agent);
    const attempts = Array.from({ length: 100 }, () => failureOf(attest(client, 't-1')));
    const failures = (await Promise.all(attempts)).filter((failure) => failure !== undefined);
    expect(failures).toHaveLength(99);
    expect(new Set(failures.map(({ reason }) => reason))).toEqual(new Set(['join_token.unknown']));
    expect(issueWith).toHaveBeenCalledOnce();
    expect(await server.logged('x509.issued')).toHaveLength(before.length + 1);
  });

  it('leaves a token usable that came with a request it cannot certify', async () => {
    await makeToken(server, 't-1');
    const client = server.remote(Agent);
    expect(await failureOf(attest(client, 't-1', { csr: Buffer.from('junk') }))).toMatchObject({
      code: 'invalid_argument',
    });
    expect(await attest(client, 't-1')).toHaveLength(1);
  });

  it('refuses a banned agent although it brings a new token, and signs nothing', async () => {
    await attestedAgent(server, 't-1');
    await server.registry.banAgent(agentId('t-1'), origin);
    await makeToken(server, 't-1');
    const before = await server.logged('x509.issued');
    expect(await failureOf(attest(server.remote(Agent), 't-1'))).toMatchObject({
      code: 'permission_denied',
      reason: 'agent.banned',
      text: 'failed to attest: agent is banned',
    });
    expect(await server.logged('x509.issued')).toEqual(before);
  });

  it('refuses an agent of the same name that is there already', async () => {
    await attestedAgent(server, 't-1');
    await makeToken(server, 't-1');
    expect(await failureOf(attest(server.remote(Agent), 't-1'))).toMatchObject({
      code: 'permission_denied',
      reason: 'agent.attested',
    });
  });

  it('refuses a kind of attestation it does not have', async () => {
    expect(await failureOf(attest(server.remote(Agent), 'x', { type: 'other' }))).toMatchObject({
      code: 'failed_precondition',
      reason: 'request.attestation_type',
    });
  });

  it.each([
    ['no message', undefined],
    ['an answer nobody asked for', { case: 'challengeResponse', value: Buffer.of(1) }],
    ['no data', { case: 'params', value: { params: { csr: Buffer.of(1) } } }],
    ['no parameters', { case: 'params', value: { data: { type: 'a', payload: Buffer.of(1) } } }],
    [
      'no request',
      { case: 'params', value: { data: { type: 'a', payload: Buffer.of(1) }, params: {} } },
    ],
    [
      'no type',
      { case: 'params', value: { data: { payload: Buffer.of(1) }, params: { csr: Buffer.of(1) } } },
    ],
    [
      'no payload',
      { case: 'params', value: { data: { type: 'a' }, params: { csr: Buffer.of(1) } } },
    ],
  ] as const)('refuses %s', async (_name, step) => {
    async function* requests() {
      if (step !== undefined) yield await Promise.resolve({ step });
    }
    const answers = server.remote(Agent).attestAgent(requests());
    expect(await failureOf(answers.next())).toMatchObject({
      code: 'invalid_argument',
      reason: 'request.malformed',
    });
  });

  it('writes refusals of one address down once a second', async () => {
    const client = server.remote(Agent);
    for (const token of ['a', 'b', 'c']) await failureOf(attest(client, token));
    expect(await server.logged('node.rejected')).toHaveLength(1);
    server.clock.advance(1000);
    await failureOf(attest(client, 'd'));
    expect(await server.logged('node.rejected')).toHaveLength(2);
  });

  it('waits for its turn where one address attests too often', async () => {
    await using limited = await agentServer({ attestationsPerSecond: 1 });
    for (const token of ['t-1', 't-2']) await makeToken(limited, token);
    const client = limited.remote(Agent);
    await attest(client, 't-1');
    const sleeping = vi.spyOn(limited.clock, 'sleep');
    const second = attest(client, 't-2');
    await vi.waitFor(() => expect(sleeping).toHaveBeenCalledOnce());
    expect(limited.registry.agent(agentId('t-2'))).toBeUndefined();
    limited.clock.advance(1000);
    expect(await second).toHaveLength(1);
  });
});

import { Metadata } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { agentService } from '../../../src/api/spire/agent-service.ts';
import { authorizer } from '../../../src/api/spire/authorization.ts';
import { admit, agentOf, type CallerClass, callerOf } from '../../../src/api/spire/callers.ts';
import { Refusals } from '../../../src/api/spire/refusals.ts';
import { Agent } from '../../../src/gen/spire/api/server/agent/v1/agent_pb.js';
import type { CallContext } from '../../../src/rpc/call.ts';
import type { Peer } from '../../../src/rpc/peer.ts';
import { bindService } from '../../../src/rpc/service.ts';
import type { TlsIdentity } from '../../../src/rpc/tls-identity.ts';
import { SignetError } from '../../../src/runtime/errors.ts';
import { parseSpiffeId } from '../../../src/spiffe/spiffe-id.ts';
import { parseTrustDomain } from '../../../src/spiffe/trust-domain.ts';
import { reasonOf } from '../../support/reason-of.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import {
  agentRequest,
  attestedAgent,
  type SpireServer,
  spireServer,
} from '../../support/spire-server.ts';
import { origin } from '../../support/test-issuance.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let server: SpireServer;
beforeAll(async () => {
  server = await spireServer((grpc, deps) => {
    const authorize = authorizer(deps, new Refusals(deps));
    bindService(grpc, Agent, agentService(deps), { authorize });
  });
});
afterAll(() => server[Symbol.asyncDispose]());

const unix: Peer = {
  kind: 'unix',
  process: { pid: 1, uid: 1000, gid: 1, isAlive: () => true },
};

const tls = (chain: readonly Uint8Array[] = []): Peer => ({
  kind: 'tls',
  chain,
  address: '192.0.2.1',
});

function contextOf(peer: Peer): CallContext {
  return {
    signal: new AbortController().signal,
    metadata: new Metadata(),
    method: '/a.B/C',
    peer,
    requestId: 'r-1',
  };
}

/** The class the peer is admitted as, or undefined. */
async function classOf(peer: Peer, classes: readonly CallerClass[], deps = server.deps) {
  const context = contextOf(peer);
  const unadmitted = await admit(context, classes, deps);
  return unadmitted === undefined ? callerOf(context).class : undefined;
}

const all: readonly CallerClass[] = ['local', 'admin', 'downstream', 'agent'];

/** An entry with these rights, and its SVID. */
async function workload(
  name: string,
  rights: { admin?: boolean; downstream?: boolean; expiresAt?: number },
): Promise<TlsIdentity> {
  const spiffeId = `spiffe://prod.example/${name}`;
  const parentId = 'spiffe://prod.example/spire/agent/x';
  await server.registry.createEntry({ spiffeId, parentId, selectors: ['a:b'], ...rights }, origin);
  return server.workload(spiffeId);
}

describe('the caller of a call', () => {
  it('is unknown until the call was authorized', () => {
    expect(reasonOf(() => callerOf(contextOf(unix)))).toBe('caller.denied');
  });

  it('is not known for a call that was not admitted', async () => {
    const context = contextOf(tls());
    expect(await admit(context, all, server.deps)).toBeDefined();
    expect(reasonOf(() => callerOf(context))).toBe('caller.denied');
  });

  it('is local over a Unix socket, and named by its user', async () => {
    const context = contextOf(unix);
    await admit(context, all, server.deps);
    expect(callerOf(context)).toEqual({
      class: 'local',
      origin: { actor: 'user:uid:1000', requestId: 'r-1' },
    });
    expect(reasonOf(() => agentOf(context))).toBe('caller.denied');
  });

  it('is no more than anyone with nothing to show', async () => {
    expect(await classOf(tls(), all)).toBeUndefined();
    expect(await classOf(tls(), ['anyone', 'agent'])).toBe('anyone');
  });

  it('is of no class where none is let in', async () => {
    expect(await classOf(unix, [])).toBeUndefined();
  });

  it('is an agent by its record, which comes with it', async () => {
    const { chain } = await attestedAgent(server, 'record');
    const context = contextOf(tls(chain));
    await admit(context, ['admin', 'agent'], server.deps);
    const id = parseSpiffeId('spiffe://prod.example/spire/agent/join_token/record');
    expect(callerOf(context)).toMatchObject({ class: 'agent', spiffeId: id, agent: { id } });
    expect(agentOf(context).id).toBe(id);
  });

  it('is admin or downstream by an entry for its ID', async () => {
    const admin = await workload('admin', { admin: true });
    const downstream = await workload('downstream', { downstream: true });
    const neither = await workload('neither', {});
    expect(await classOf(tls(admin.chain), all)).toBe('admin');
    expect(await classOf(tls(downstream.chain), all)).toBe('downstream');
    expect(await classOf(tls(neither.chain), all)).toBeUndefined();
    expect(await classOf(tls(admin.chain), ['downstream'])).toBeUndefined();
  });

  it('is admin no longer than its entry and its SVID last', async () => {
    const now = server.clock.unixMs() / 1000;
    const short = await workload('short', { admin: true, expiresAt: now + 60 });
    const long = await workload('long', { admin: true });
    server.clock.advance(60_000);
    expect(await classOf(tls(short.chain), all)).toBeUndefined();
    expect(await classOf(tls(long.chain), all)).toBe('admin');
    server.clock.advance(3600_000);
    expect(await classOf(tls(long.chain), all)).toBeUndefined();
  });

  it('is not admin with an ID of another trust domain', async () => {
    const { chain } = await workload('foreign', { admin: true });
    const deps = { ...server.deps, trustDomain: parseTrustDomain('other.example') };
    expect(await classOf(tls(chain), all, deps)).toBeUndefined();
  });

  it('is refused for a certificate that is no SVID, also where anyone is let in', async () => {
    const junk = tls([Buffer.from('junk')]);
    const authority = tls(server.deps.bundle().authorities);
    for (const peer of [junk, authority]) {
      const error = await rejectionOf(admit(contextOf(peer), ['anyone'], server.deps));
      expect(error?.reason).toBe('peer.unverified');
    }
  });
});

describe('an agent whose renewed SVID is being promoted', () => {
  /** What becomes of its call if promotion fails like this. */
  async function promotion(token: string, failure: Error) {
    const old = await attestedAgent(server, token);
    const client = server.remote(Agent, old);
    const { svid } = await client.renewAgent({ params: { csr: agentRequest().csr } });
    const failing = vi.spyOn(server.registry, 'activateAgent').mockRejectedValueOnce(failure);
    try {
      return await admit(contextOf(tls(svid?.certChain)), ['agent'], server.deps);
    } finally {
      failing.mockRestore();
    }
  }

  it('is told when it was banned or evicted meanwhile', async () => {
    expect(await promotion('p-1', new SignetError('agent.banned'))).toMatchObject({
      agentDenial: { reason: 'caller.agent_banned' },
    });
    expect(await promotion('p-2', new SignetError('agent.not_found'))).toMatchObject({
      agentDenial: { reason: 'caller.agent_not_attested' },
    });
  });

  it('is not called banned because the store is down', async () => {
    expect(await rejectionOf(promotion('p-3', new SignetError('store.unavailable')))).toMatchObject(
      { reason: 'store.unavailable' },
    );
  });
});

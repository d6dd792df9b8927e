import { glob } from 'node:fs/promises';
import type { DescMethod, DescService } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { authorizedMethods, authorizer, classesOf } from '../../../src/api/spire/authorization.ts';
import { agentService } from '../../../src/api/spire/agent-service.ts';
import { Refusals } from '../../../src/api/spire/refusals.ts';
import { Health } from '../../../src/gen/grpc/health/v1/health_pb.js';
import { Agent } from '../../../src/gen/spire/api/server/agent/v1/agent_pb.js';
import type { Client } from '../../../src/rpc/client.ts';
import { bindService, unimplemented } from '../../../src/rpc/service.ts';
import { RpcFailure } from '../../../src/rpc/status.ts';
import type { TlsIdentity } from '../../../src/rpc/tls-identity.ts';
import { parseSpiffeId } from '../../../src/spiffe/spiffe-id.ts';
import { attestedAgent, type SpireServer, spireServer } from '../../support/spire-server.ts';
import { origin } from '../../support/test-issuance.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** Every service there is, found in the generated code, so that a new one cannot be overlooked. */
async function allServices(): Promise<DescService[]> {
  const services: DescService[] = [Health];
  const root = new URL('../../../src/gen/spire/api/server/', import.meta.url).pathname;
  for await (const file of glob('*/v1/*_pb.js', { cwd: root })) {
    const exported = Object.values((await import(root + file)) as Record<string, unknown>);
    services.push(...exported.filter(isService));
  }
  return services;
}

function isService(value: unknown): value is DescService {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'service';
}

const services = await allServices();
const nameOf = (method: DescMethod) => `/${method.parent.typeName}/${method.name}`;
const methods = services.flatMap((service) => service.methods);

/** Who may call, as the contract tells it: a few rules, and admins for everything else. */
function expectedCallers(name: string): readonly CallerName[] {
  const short = name
    .split('/')
    .slice(-2)
    .join('/')
    .replace(/^.*\.v1\./, '');
  if (/^(Bundle\/GetBundle|Agent\/AttestAgent)$/.test(short)) return callerNames;
  if (short === 'Bundle/GetFederatedBundle') return ['agent', 'admin', 'local'];
  if (/^SVID\/(BatchNewX509SVID|NewJWTSVID|BatchNewWITSVID)$/.test(short)) return ['agent'];
  if (/^Entry\/(Get|Sync)AuthorizedEntries$/.test(short)) return ['agent'];
  if (/^Agent\/(RenewAgent|PostStatus)$/.test(short)) return ['agent'];
  if (/^(SVID\/NewDownstreamX509CA|Bundle\/Publish(JWT|WIT)Authority)$/.test(short)) {
    return ['downstream'];
  }
  if (/^(Debug|Logger|Health)\//.test(short)) return ['local'];
  return ['admin', 'local'];
}

const callerNames = [
  'local',
  'nobody',
  'agent',
  'banned agent',
  'evicted agent',
  'plain workload',
  'admin',
  'downstream',
] as const;
type CallerName = (typeof callerNames)[number];

let server: SpireServer;
const identities = new Map<CallerName, TlsIdentity>();

beforeAll(async () => {
  server = await spireServer((grpc, deps) => {
    const options = { authorize: authorizer(deps, new Refusals(deps)) };
    for (const service of services.filter(({ typeName }) => typeName !== Agent.typeName)) {
      bindService(grpc, service, unimplemented(service), options);
    }
    // attests for the tests, and has nothing else
    const { attestAgent } = agentService(deps);
    bindService(grpc, Agent, { ...unimplemented(Agent), attestAgent }, options);
  });
  const { registry } = server;
  for (const name of ['agent', 'banned agent', 'evicted agent'] as const) {
    identities.set(name, await attestedAgent(server, name.replaceAll(' ', '-')));
  }
  const idOf = (token: string) =>
    parseSpiffeId(`spiffe://prod.example/spire/agent/join_token/${token}`);
  await registry.banAgent(idOf('banned-agent'), origin);
  await registry.evictAgent(idOf('evicted-agent'), origin);
  for (const name of ['plain workload', 'admin', 'downstream'] as const) {
    const spiffeId = `spiffe://prod.example/${name.replaceAll(' ', '-')}`;
    const entry = {
      spiffeId,
      parentId: idOf('agent'),
      selectors: ['unix:uid:1'],
      admin: name === 'admin',
      downstream: name === 'downstream',
    };
    await registry.createEntry(entry, origin);
    identities.set(name, await server.workload(spiffeId));
  }
});
afterAll(() => server[Symbol.asyncDispose]());

function clientOf(service: DescService, name: CallerName): Client<DescService> {
  return name === 'local' ? server.local(service) : server.remote(service, identities.get(name));
}

/** The reason a call fails with. What is let through meets a method that does nothing. */
async function reasonOfCall(client: Client<DescService>, method: DescMethod): Promise<string> {
  async function* nothing() {
    // no request
  }
  const call = client[method.localName] as unknown as (input: unknown) => unknown;
  const isStream =
    method.methodKind === 'bidi_streaming' || method.methodKind === 'client_streaming';
  const answer = call(isStream ? nothing() : {});
  try {
    if (method.methodKind.endsWith('unary')) await answer;
    else await (answer as AsyncGenerator).next();
  } catch (error) {
    if (error instanceof RpcFailure) return error.remoteReason ?? error.reason;
    throw error;
  }
  return 'none';
}

describe('the table of who may call what', () => {
  it('has a row for every method there is, and no other', () => {
    expect(methods.length).toBeGreaterThan(60);
    expect(authorizedMethods.toSorted()).toEqual(methods.map(nameOf).toSorted());
  });

  it('lets nobody call what has no row', () => {
    expect(classesOf('/spire.api.server.agent.v1.Agent/NewMethod')).toEqual([]);
    expect(classesOf('/spire.api.server.agent.v1.Agent/attestAgent')).toEqual([]);
    expect(classesOf('constructor')).toEqual([]);
  });

  it.each(callerNames)('lets %s call what it may and nothing else', async (name) => {
    const admitted: string[] = [];
    const other: string[] = [];
    for (const service of services) {
      const client = clientOf(service, name);
      for (const method of service.methods) {
        const reason = await reasonOfCall(client, method);
        const wasAdmitted = reason === 'rpc.not_implemented' || reason === 'request.malformed';
        if (wasAdmitted) admitted.push(nameOf(method));
        else if (!reason.startsWith('caller.')) other.push(`${nameOf(method)} ${reason}`);
      }
    }
    expect(other).toEqual([]);
    const expected = methods.map(nameOf).filter((method) => expectedCallers(method).includes(name));
    expect(admitted.toSorted()).toEqual(expected.toSorted());
  });
});

describe('a denied call', () => {
  const deniedTo = async (name: CallerName, method: 'banAgent' | 'postStatus') => {
    const client =
      name === 'local' ? server.local(Agent) : server.remote(Agent, identities.get(name));
    await expect(client[method]({})).rejects.toBeInstanceOf(RpcFailure);
  };
  const denials = () => server.logged('admin.denied');

  it('of an admin method is in the log, once a second for each peer and method', async () => {
    server.clock.advance(1000);
    const before = (await denials()).length;
    await deniedTo('plain workload', 'banAgent');
    await deniedTo('plain workload', 'banAgent');
    const [latest, ...older] = await denials();
    expect(older).toHaveLength(before);
    expect(latest).toMatchObject({
      reason: 'caller.denied',
      actor: 'spiffe://prod.example/plain-workload',
      target: '/spire.api.server.agent.v1.Agent/BanAgent',
    });
    server.clock.advance(1000);
    await deniedTo('nobody', 'banAgent');
    const [anonymous, ...others] = await denials();
    expect(others).toHaveLength(before + 1);
    expect(anonymous).toMatchObject({ actor: 'system:anonymous' });
  });

  it('of an agent method is not: agents call every few seconds', async () => {
    server.clock.advance(1000);
    const before = (await denials()).length;
    await deniedTo('banned agent', 'postStatus');
    await deniedTo('nobody', 'postStatus');
    expect(await denials()).toHaveLength(before);
  });

  it('stays denied where the log cannot be written to', async () => {
    server.clock.advance(1000);
    const record = vi.spyOn(server.registry, 'recordRefusal').mockRejectedValue(new Error('full'));
    await deniedTo('nobody', 'banAgent');
    expect(record).toHaveBeenCalledOnce();
    record.mockRestore();
  });
});

import type { DescService } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { bindSpireServices } from '../../../src/api/spire/services.ts';
import {
  Health,
  HealthCheckResponse_ServingStatus as Status,
} from '../../../src/gen/grpc/health/v1/health_pb.js';
import { Agent } from '../../../src/gen/spire/api/server/agent/v1/agent_pb.js';
import { Bundle } from '../../../src/gen/spire/api/server/bundle/v1/bundle_pb.js';
import { Debug } from '../../../src/gen/spire/api/server/debug/v1/debug_pb.js';
import { Entry } from '../../../src/gen/spire/api/server/entry/v1/entry_pb.js';
import { LocalAuthority } from '../../../src/gen/spire/api/server/localauthority/v1/localauthority_pb.js';
import { failureOf } from '../../support/spire-agents.ts';
import { type SpireServer, spireServer } from '../../support/spire-server.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let local: SpireServer;
let tcp: SpireServer;
beforeAll(async () => {
  local = await spireServer((server, deps) => bindSpireServices(server, deps, 'local'));
  tcp = await spireServer((server, deps) => bindSpireServices(server, deps, 'tcp'));
});
afterAll(async () => {
  await local[Symbol.asyncDispose]();
  await tcp[Symbol.asyncDispose]();
});

describe('the services of the server', () => {
  it('say on the local socket that the server serves, whole and as a stream', async () => {
    const health = local.local(Health);
    expect(await health.check({})).toMatchObject({ status: Status.SERVING });
    expect(await health.list({})).toMatchObject({ statuses: { '': { status: Status.SERVING } } });
    const watch = health.watch({});
    expect(await watch.next()).toMatchObject({ value: { status: Status.SERVING }, done: false });
    await watch.return();
  });

  it('answer the calls of administrators', async () => {
    expect(await local.local(Agent).countAgents({})).toMatchObject({ count: 0 });
    expect(await local.local(Entry).countEntries({})).toMatchObject({ count: 0 });
  });

  it('give the bundle to anyone, and nothing else', async () => {
    const bundle = await tcp.remote(Bundle).getBundle({});
    expect(bundle.x509Authorities).toHaveLength(1);
    expect(await failureOf(tcp.remote(Entry).countEntries({}))).toMatchObject({
      reason: 'caller.denied',
      text: 'authorization denied for method /spire.api.server.entry.v1.Entry/CountEntries',
    });
  });

  it('are told apart from those there are not', async () => {
    const codeOf = async (service: DescService, call: Promise<unknown>) => [
      service.typeName,
      (await failureOf(call))?.code,
    ];
    expect(
      await Promise.all([
        codeOf(Debug, tcp.remote(Debug).getInfo({})),
        codeOf(Health, tcp.remote(Health).check({})),
        codeOf(Debug, local.local(Debug).getInfo({})),
        codeOf(LocalAuthority, local.local(LocalAuthority).prepareX509Authority({})),
        codeOf(LocalAuthority, tcp.remote(LocalAuthority).prepareX509Authority({})),
      ]),
    ).toEqual([
      [Debug.typeName, 'unimplemented'],
      [Health.typeName, 'unimplemented'],
      [Debug.typeName, 'unimplemented'],
      [LocalAuthority.typeName, 'unimplemented'],
      [LocalAuthority.typeName, 'permission_denied'],
    ]);
  });
});

import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { Denials } from '../../../src/api/sds/denials.ts';
import { Refusals } from '../../../src/api/sds/refusals.ts';
import { SecretCatalog } from '../../../src/api/sds/secret-catalog.ts';
import { Session } from '../../../src/api/sds/session.ts';
import { deltaVariant, sotwVariant } from '../../../src/api/sds/variant.ts';
import {
  DeltaDiscoveryRequestSchema,
  DiscoveryRequestSchema,
} from '../../../src/gen/envoy/service/discovery/v3/discovery_pb.js';
import { silentLogger } from '../../../src/runtime/log.ts';
import { testBundle, testSvid, testView } from '../../support/identity-source.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { reasonOf } from '../../support/reason-of.ts';
import { testCa } from '../../support/test-ca.ts';

const ca = await testCa();
const view = testView([testSvid(ca)], [testBundle(ca)]);
const clock = manualClock();
const services = {
  catalog: new SecretCatalog(),
  refusals: new Refusals(),
  denials: new Denials(),
  evidence: () => undefined,
  validator: 'spiffe' as const,
  clock,
  log: silentLogger,
  absentAfterMs: 5000,
};
const node = { id: 'web', validator: undefined };
const names = ['default'];

describe('a session', () => {
  it('sends nothing once the process it was opened by has ended', () => {
    let isAlive = true;
    const caller = { process: { pid: 7, uid: 0, gid: 0, isAlive: () => isAlive } };
    const session = new Session(sotwVariant, services, caller, node, view);
    const request = create(DiscoveryRequestSchema, { resourceNames: names });
    expect(session.receive(request)).toHaveLength(1);
    isAlive = false;
    const ack = create(DiscoveryRequestSchema, { resourceNames: names, responseNonce: '1' });
    expect(reasonOf(() => session.receive(ack))).toBeUndefined(); // nothing is to be sent
    expect(reasonOf(() => session.see(testView([testSvid(ca)], [testBundle(ca)])))).toBe(
      'workload.exited',
    );
  });

  it('says when to look again for a name that is awaited, and no longer than needed', () => {
    const caller = { process: { pid: 7, uid: 0, gid: 0, isAlive: () => true } };
    const undecided = testView([], [], { pending: true });
    const session = new Session(deltaVariant, services, caller, node, undecided);
    expect(session.refreshInMs()).toBeUndefined();
    session.receive(create(DeltaDiscoveryRequestSchema, { resourceNamesSubscribe: names }));
    expect(session.refreshInMs()).toBe(5000);
    clock.advance(2000);
    expect(session.refreshInMs()).toBe(3000);
    session.see(view);
    expect(session.refreshInMs()).toBeUndefined();
  });

  it('has nothing to look for again where an absence cannot be told', () => {
    const caller = { process: { pid: 7, uid: 0, gid: 0, isAlive: () => true } };
    const undecided = testView([], [], { pending: true });
    const session = new Session(sotwVariant, services, caller, node, undecided);
    session.receive(create(DiscoveryRequestSchema, { resourceNames: names }));
    expect(session.refreshInMs()).toBeUndefined();
  });
});

// The service on a Unix socket, with this process as its caller, and a clock that the test moves.
import type { SdsEvidence } from '../../../src/api/sds/evidence.ts';
import { type SdsOptions, sdsService } from '../../../src/api/sds/service.ts';
import { SecretDiscoveryService } from '../../../src/gen/envoy/service/secret/v3/sds_pb.js';
import { bindService } from '../../../src/rpc/service.ts';
import { silentLogger } from '../../../src/runtime/log.ts';
import { serveUnix } from '../../rpc/rig.ts';
import { testBundle, TestSource, testSvid, testView } from '../../support/identity-source.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { testCa } from '../../support/test-ca.ts';
import { openDeltaNode, openSotwNode, sdsClient } from './wire-node.ts';

export const ca = await testCa();
export const bundle = testBundle(ca);
export const someView = (options: { pending?: boolean } = {}) =>
  testView([testSvid(ca)], [bundle], options);

export async function serve(options: Partial<SdsOptions> = {}) {
  const [source, clock] = [new TestSource(), manualClock()];
  const evidence: SdsEvidence[] = [];
  const service = sdsService({
    source,
    clock,
    log: silentLogger,
    evidence: (item) => evidence.push(item),
    ...options,
  });
  const rig = await serveUnix((server) => bindService(server, SecretDiscoveryService, service));
  const client = sdsClient(rig.path);
  return {
    view: source.of(),
    source,
    clock,
    evidence,
    client,
    async [Symbol.asyncDispose]() {
      client.close();
      await rig[Symbol.asyncDispose]();
    },
  };
}

/** Lets calls under way get as far as being watched, `count` in all. */
export async function watched({ source }: { source: TestSource }, count = 1): Promise<void> {
  while (source.watches < count) await new Promise(setImmediate);
  await settle();
}

/** Lets everything that is under way on this machine come to rest. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
}

export const remoteReason = async (promise: Promise<unknown>) => {
  const error = await rejectionOf(promise);
  return error && 'remoteReason' in error ? error.remoteReason : error?.reason;
};

export const variants = [
  { variant: 'state of the world', open: openSotwNode, isDelta: false },
  { variant: 'delta', open: openDeltaNode, isDelta: true },
];

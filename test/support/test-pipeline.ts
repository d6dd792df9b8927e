// The issuance pipeline on a CA for tests, with a count of its signatures.
import { sign } from 'node:crypto';
import type { Order } from '../../src/ca/issuance.ts';
import { IssuancePipeline, type PipelineSetup } from '../../src/ca/issuance-pipeline.ts';
import type { Sign } from '../../src/pki/certificate-sign.ts';
import { SerialSource } from '../../src/pki/serial.ts';
import { manualClock } from './manual-clock.ts';
import { testCa } from './test-ca.ts';
import { origin, profiles, testOrder, trustDomain } from './test-issuance.ts';

const clock = manualClock();
export const nowMs = clock.unixMs();
export const now = nowMs / 1000;
export const ca = await testCa({ clock });

export const pipelineSetup: PipelineSetup = {
  trustDomain,
  profiles,
  authorityId: ca.issuer.subjectKeyId ?? '',
  certificate: ca.issuer.der,
  privateKey: ca.issuerKey,
  authorityKeys: [ca.root, ca.issuer].map(({ spki }) => spki.toString('base64')),
};

/** `signed` holds what was signed. */
export function testPipeline(
  given: Partial<PipelineSetup> = {},
  serials = new SerialSource(clock),
) {
  const signed: Buffer[] = [];
  const spy: Sign = (data, key) => {
    signed.push(data);
    return sign('sha256', data, key);
  };
  const pipeline = new IssuancePipeline({ ...pipelineSetup, ...given }, serials, spy);
  const issue = (order: Order = testOrder(), atMs = nowMs) => pipeline.issue(order, origin, atMs);
  return { issue, signed };
}

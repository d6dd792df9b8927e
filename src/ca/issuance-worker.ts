// The issuance thread: runs the pipeline on what the main thread sends, and nothing else. Time comes with
// each message, so that there is one clock.
import { parentPort } from 'node:worker_threads';
import { packLeaves } from '../audit/packed-leaves.ts';
import { SerialSource } from '../pki/serial.ts';
import { SignetError } from '../runtime/errors.ts';
import { IssuancePipeline } from './issuance-pipeline.ts';
import {
  type IssuanceJob,
  packSigned,
  refusedOf,
  type SignedJob,
  type SignedOutcome,
  type ToIssuance,
} from './issuance-protocol.ts';

let nowMs = 0;
let signing: { readonly pipeline: IssuancePipeline; readonly authorityId: string } | undefined;
const serials = new SerialSource({ unixMs: () => nowMs });

parentPort?.on('message', (message: ToIssuance) => {
  if ('use' in message) {
    const { authorityId } = message.use;
    signing = { authorityId, pipeline: new IssuancePipeline(message.use, serials) };
    return;
  }
  nowMs = message.nowMs;
  const answer = packSigned(message.jobs.map(runJob));
  parentPort?.postMessage(answer.message, answer.transfer);
});

function runJob({ orders, origin }: IssuanceJob): SignedJob {
  const leaves: Uint8Array[] = [];
  const outcomes = orders.map((order): SignedOutcome => {
    try {
      if (signing === undefined) throw new SignetError('authority.no_issuer');
      const { leaf, ...signed } = signing.pipeline.issue(order, origin, nowMs);
      leaves.push(leaf);
      return signed;
    } catch (error) {
      return { refused: refusedOf(error) };
    }
  });
  return { authorityId: signing?.authorityId ?? '', outcomes, leaves: packLeaves(leaves) };
}

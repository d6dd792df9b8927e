// FetchSecrets, the one answer to one question, for curl and tests: an Envoy never calls it.
import { createHash } from 'node:crypto';
import type { DiscoveryRequest } from '../../gen/envoy/service/discovery/v3/discovery_pb.js';
import { SignetError } from '../../runtime/errors.ts';
import { assertAlive } from '../caller.ts';
import { decidedViews } from '../decided-views.ts';
import type { Caller, IdentitySource } from '../identity-source.ts';
import { readNode } from './node.ts';
import { checkNames, checkTypeUrl } from './request-limits.ts';
import { type EncodedSecret, secretTypeUrl } from './secret.ts';
import type { SessionServices } from './session.ts';

/**
 * Answers with all secrets asked for that are there. Waits for the caller's first identity as long as
 * a stream would keep silent about it.
 *
 * @throws SignetError `sds.*`, `workload.*`
 */
export async function fetchSecrets(
  services: SessionServices,
  source: IdentitySource,
  { resourceNames, typeUrl, node }: DiscoveryRequest,
  caller: Caller,
  signal: AbortSignal,
) {
  checkTypeUrl(typeUrl);
  checkNames(resourceNames);
  const { clock, catalog, absentAfterMs: graceMs } = services;
  const validator = readNode(node).validator ?? services.validator;
  for await (const view of decidedViews(source.watch(caller, signal), { clock, graceMs, signal })) {
    const found = [...new Set(resourceNames)].map((name) =>
      catalog.find(view, name, validator, clock.unixMs()),
    );
    if (view.identities.length === 0) throw new SignetError('sds.no_identity');
    if (found.some(({ state }) => state === 'denied')) throw new SignetError('sds.denied');
    assertAlive(caller);
    return responseOf(found.flatMap((item) => (item.state === 'present' ? [item.secret] : [])));
  }
  throw new SignetError('rpc.cancelled');
}

function responseOf(secrets: readonly EncodedSecret[]) {
  const versions = secrets.map(({ version }) => version).join(' ');
  return {
    versionInfo: createHash('sha256').update(versions).digest('hex'),
    resources: secrets.map(({ resource }) => resource),
    typeUrl: secretTypeUrl,
  };
}

// The metadata every call of the Workload API carries, which a browser or another tricked client cannot
// send (SPIFFE-Workload-Endpoint 3).
import type { CallContext } from '../../rpc/call.ts';
import { RpcStatus } from '../../rpc/status.ts';

/** @throws SignetError `workload.header`, in the words that clients know */
export function assertHeader({ metadata }: CallContext): void {
  const values = metadata.get('workload.spiffe.io');
  if (values.length === 1 && values[0] === 'true') return;
  const wording = { text: 'security header missing from request' };
  throw new RpcStatus('workload.header', { wording });
}

// Who calls an API that hands out identities: a process of this machine, and nobody else.
import type { CallContext } from '../rpc/call.ts';
import { SignetError } from '../runtime/errors.ts';
import type { Caller } from './identity-source.ts';

/**
 * The caller as the kernel recorded it.
 *
 * @throws SignetError `caller.not_local`
 */
export function callerOf({ peer }: CallContext): Caller {
  if (peer.kind !== 'unix') throw new SignetError('caller.not_local');
  return { process: peer.process };
}

/**
 * To be asked before each secret is sent: a connection outlives the process that made it when that one
 * passed it on, and whoever holds it then was never attested.
 *
 * @throws SignetError `workload.exited`
 */
export function assertAlive({ process }: Caller): void {
  if (!process.isAlive()) throw new SignetError('workload.exited');
}

// Who calls, for the log: the user at the other end of a Unix socket, as the kernel knows it.
import type { Socket } from 'node:net';
import { peerProcessOf } from '../../rpc/peer-credentials.ts';
import { SignetError } from '../../runtime/errors.ts';

/**
 * @returns `user:uid:1000`
 * @throws SignetError `rest.unidentified` over TCP, which has no sign-in yet; `peer.*`
 */
export function actorOfSocket(socket: Socket): string {
  if (socket.remoteAddress !== undefined) throw new SignetError('rest.unidentified');
  using peer = peerProcessOf(socket);
  return `user:uid:${peer.uid}`;
}

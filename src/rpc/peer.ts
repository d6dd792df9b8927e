// Who is at the other end of a connection. It is established before the first byte of a call is read.
import type { PeerProcess } from './peer-process.ts';

/** A process of this machine, connected over a Unix socket. */
export interface UnixPeer {
  readonly kind: 'unix';
  readonly process: PeerProcess;
}

/** Someone connected over TLS. */
export interface TlsPeer {
  readonly kind: 'tls';
  /**
   * The certificates presented, DER, leaf first, already verified; empty for a peer that showed none,
   * which may call what is open to anyone and nothing else.
   */
  readonly chain: readonly Uint8Array[];
  /** Of the socket, without port: for limits and logs, never proof of anything. */
  readonly address: string;
}

export type Peer = UnixPeer | TlsPeer;

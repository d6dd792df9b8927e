// The process at the other end of a Unix socket, as the kernel recorded it when the peer connected.

/** A hold on one process, never confused with a later one that reuses its pid. */
export interface PeerProcess {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  /** False once the process has ended: what was read from /proc under its pid may be another's. */
  isAlive(): boolean;
}

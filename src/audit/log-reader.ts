// What can be read of the log. The store implements it; nothing here waits for the writer.
import type { Hash } from './merkle.ts';

/** All members that are given must match. */
export interface LogQuery {
  /** Kind of event, such as `x509.issued`. */
  readonly kind?: string;
  readonly spiffeId?: string;
  /** Lower-case hex. */
  readonly serial?: string;
  /** SPIFFE ID of an agent. */
  readonly node?: string;
  /** Id of an entry: its changes, and whatever was issued because of it; or another target's name. */
  readonly entry?: string;
  readonly actor?: string;
  /** Unix milliseconds, inclusive. */
  readonly sinceMs?: number;
  /** Unix milliseconds, exclusive. */
  readonly untilMs?: number;
}

export interface LogPage {
  /** 1 to 1,000. */
  readonly size: number;
  /** Only entries of a lower index. */
  readonly before?: number;
}

export interface LogEntry {
  readonly index: number;
  /** Lower-case hex. */
  readonly leafHash: string;
  /** Leaf data: exactly what was hashed, `signet-log/v1`, a newline, then JSON. */
  readonly data: string;
}

/** That a leaf is in a tree (RFC 6962 2.1.1). */
export interface InclusionProof {
  readonly index: number;
  readonly size: number;
  readonly hashes: readonly Hash[];
}

/** That one tree begins with another (RFC 6962 2.1.2). */
export interface ConsistencyProof {
  readonly from: number;
  readonly to: number;
  readonly hashes: readonly Hash[];
}

export interface LogReader {
  /** The newest signed checkpoint. */
  checkpoint(): Promise<string>;
  /** Number of leaves. */
  size(): Promise<number>;
  /**
   * Newest first.
   *
   * @throws SignetError `query.page`
   */
  entries(query: LogQuery, page: LogPage): Promise<readonly LogEntry[]>;
  entry(index: number): Promise<LogEntry | undefined>;
  /** The leaf of the certificate with this serial, in hex; the newest if issuers share it. */
  bySerial(serial: string): Promise<LogEntry | undefined>;
  /**
   * @param size of the tree to prove it in; the present one if left out
   * @throws SignetError `proof.range`
   */
  inclusionProof(index: number, size?: number): Promise<InclusionProof>;
  /** @throws SignetError `proof.range` */
  consistencyProof(from: number, to: number): Promise<ConsistencyProof>;
}

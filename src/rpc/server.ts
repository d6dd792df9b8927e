// The gRPC server behind our listeners, with limits that hold before any handler is asked.
import { Server } from '@grpc/grpc-js';

export interface ServerLimits {
  /** Of one message, also after decompression. */
  readonly receiveBytes: number;
  /** On one connection. A sidecar opens one for each secret. */
  readonly streams: number;
  /** Of headers and frames held for one connection. */
  readonly sessionMegabytes: number;
  /** After this a peer is asked to connect again, where its certificate meets the bundle of the day. */
  readonly connectionAgeMs: number;
  /** For calls that still run then. */
  readonly connectionGraceMs: number;
}

const usual: ServerLimits = {
  receiveBytes: 4 * 1024 * 1024,
  streams: 2000,
  sessionMegabytes: 32,
  connectionAgeMs: Infinity,
  connectionGraceMs: 10_000,
};

/** Made for `bindService`; it listens nowhere by itself. */
export function createServer(limits: Partial<ServerLimits> = {}): Server {
  const { receiveBytes, streams, sessionMegabytes, connectionAgeMs, connectionGraceMs } = {
    ...usual,
    ...limits,
  };
  return new Server({
    'grpc.enable_channelz': 0,
    'grpc.max_receive_message_length': receiveBytes,
    'grpc.max_concurrent_streams': streams,
    'grpc-node.max_session_memory': sessionMegabytes,
    ...(connectionAgeMs !== Infinity && {
      'grpc.max_connection_age_ms': connectionAgeMs,
      'grpc.max_connection_age_grace_ms': connectionGraceMs,
    }),
  });
}

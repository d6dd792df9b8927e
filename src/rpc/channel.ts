// Channels to other servers: over a Unix socket, or over TLS where we verify the server, not a host name.
import { connect, type SecureContext } from 'node:tls';
import type { Socket } from 'node:net';
import {
  type CallCredentials,
  Channel,
  ChannelCredentials,
  credentials as grpcCredentials,
  type experimental,
} from '@grpc/grpc-js';
import { SignetError } from '../runtime/errors.ts';
import {
  presentedChain,
  secureContextOf,
  type TlsIdentity,
  type VerifyPeer,
} from './tls-identity.ts';

export interface UnixTarget {
  readonly kind: 'unix';
  readonly path: string;
}

export interface TlsTarget {
  readonly kind: 'tls';
  /** host:port */
  readonly address: string;
  /** Asked about the chain of the server at every connection. */
  readonly verifyServer: VerifyPeer;
  /** Asked at every connection; undefined to present no certificate. */
  readonly identity?: () => TlsIdentity | undefined;
}

export type Target = UnixTarget | TlsTarget;

/** The largest message accepted, as gRPC has it everywhere. */
const receiveBytes = 4 * 1024 * 1024;

/** One connection at a time, shared by the clients made on it. Close it with `close()`. */
export function openChannel(target: Target): Channel {
  const [address, credentials] =
    target.kind === 'unix'
      ? [`unix:${target.path}`, grpcCredentials.createInsecure()]
      : [target.address, new VerifiedTls(target)];
  return new Channel(address, credentials, {
    'grpc.enable_channelz': 0,
    'grpc.enable_retries': 0,
    'grpc.max_receive_message_length': receiveBytes,
    'grpc.service_config_disable_resolution': 1,
    'grpc.use_local_subchannel_pool': 1,
    'grpc.default_authority': 'localhost',
    'grpc.keepalive_time_ms': 60_000,
  });
}

class VerifiedTls extends ChannelCredentials {
  readonly #target: TlsTarget;

  constructor(target: TlsTarget) {
    super();
    this.#target = target;
  }

  override _isSecure(): boolean {
    return true;
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  override _createSecureConnector(
    _address: unknown,
    _options: unknown,
    credentials?: CallCredentials,
  ): experimental.SecureConnector {
    return {
      connect: async (socket) => ({ socket: await this.#handshake(socket), secure: true }),
      waitForReady: () => Promise.resolve(),
      getCallCredentials: () => credentials ?? grpcCredentials.createEmpty(),
      destroy: () => undefined,
    };
  }

  async #handshake(socket: Socket): Promise<Socket> {
    const secureContext: SecureContext = secureContextOf(this.#target.identity?.());
    const secured = connect({
      socket,
      secureContext,
      ALPNProtocols: ['h2'],
      rejectUnauthorized: false, // by OpenSSL, for want of a host name: verifyServer decides
    });
    await new Promise<void>((resolve, reject) => {
      secured.once('secureConnect', resolve);
      secured.once('close', () => reject(new SignetError('rpc.unavailable')));
      secured.on('error', reject);
    });
    try {
      if (secured.alpnProtocol !== 'h2') throw new SignetError('peer.protocol');
      const chain = presentedChain(secured);
      if (chain.length === 0) throw new SignetError('peer.unverified');
      this.#target.verifyServer(chain);
      return secured;
    } catch (error) {
      secured.destroy();
      throw error;
    }
  }
}

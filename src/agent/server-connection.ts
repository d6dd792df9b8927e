// The agent's one connection to the server. It proves the server's identity by our bundle and ours by
// the agent's SVID, and is replaced without failing a call when either changes.
import type { Channel } from '@grpc/grpc-js';
import { Agent } from '../gen/spire/api/server/agent/v1/agent_pb.js';
import { Bundle } from '../gen/spire/api/server/bundle/v1/bundle_pb.js';
import { Entry } from '../gen/spire/api/server/entry/v1/entry_pb.js';
import { SVID } from '../gen/spire/api/server/svid/v1/svid_pb.js';
import { verifyChain } from '../pki/chain.ts';
import { RootSet } from '../pki/root-set.ts';
import { openChannel } from '../rpc/channel.ts';
import { type Client, createClient } from '../rpc/client.ts';
import type { TlsIdentity } from '../rpc/tls-identity.ts';
import type { Clock } from '../runtime/clock.ts';
import { SignetError } from '../runtime/errors.ts';
import type { X509Bundle } from '../spiffe/bundle.ts';
import { spiffeId } from '../spiffe/spiffe-id.ts';

/** For a whole exchange, streams included. */
export const callTimeoutMs = 30_000;

export interface ServerClients {
  readonly agent: Client<typeof Agent>;
  readonly bundle: Client<typeof Bundle>;
  readonly entry: Client<typeof Entry>;
  readonly svid: Client<typeof SVID>;
}

export interface ServerConnectionOptions {
  /** host:port */
  readonly address: string;
  /** Asked at every handshake; the server is one of its trust domain. */
  readonly bundle: () => X509Bundle;
  /** Asked at every handshake; undefined to call without a certificate. */
  readonly identity: () => TlsIdentity | undefined;
  readonly clock: Pick<Clock, 'unixMs'>;
}

/** One channel and the calls on it. */
interface Link {
  readonly channel: Channel;
  readonly clients: ServerClients;
  calls: number;
  isRetired: boolean;
  /** Whether a call has succeeded on it. */
  isProven: boolean;
  /** Whether we have accepted the server. */
  isVerified: boolean;
  /** Why we refused the server at the last handshake. */
  refusal?: unknown;
}

export class ServerConnection {
  readonly #options: ServerConnectionOptions;
  #link: Link | undefined;
  #isClosed = false;

  constructor(options: ServerConnectionOptions) {
    this.#options = options;
  }

  /**
   * Makes calls on the connection there is, or on a new one. What `use` does may be done twice: where a
   * connection that had worked turns out to be gone, once more on another.
   *
   * @throws SignetError `rpc.*`, `node.server_untrusted`, `node.not_accepted`, `node.stopped`
   */
  async call<T>(use: (clients: ServerClients) => Promise<T>): Promise<T> {
    const link = this.#current();
    try {
      return await this.#counted(link, use);
    } catch (error) {
      if (isTooLate(error)) this.#retire(link); // it may be dead without anybody knowing yet
      if (!isUnavailable(error)) throw error;
      this.#retire(link); // grpc-js would wait longer and longer before it dials again
      if (!link.isProven || this.#isClosed) throw explained(link, error);
    }
    const another = this.#current();
    try {
      return await this.#counted(another, use);
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      this.#retire(another);
      throw explained(another, error);
    }
  }

  /** Later calls go over a new connection, with the identity and bundle of then. */
  replace(): void {
    if (this.#link !== undefined) this.#retire(this.#link);
  }

  /** Fails the calls under way. */
  close(): void {
    this.#isClosed = true;
    const link = this.#link;
    this.#link = undefined;
    link?.channel.close();
  }

  #current(): Link {
    if (this.#isClosed) throw new SignetError('node.stopped');
    this.#link ??= this.#open();
    return this.#link;
  }

  #open(): Link {
    const { address, bundle, identity, clock } = this.#options;
    const trusted = bundle();
    const roots = RootSet.of(trusted.authorities);
    const serverId = spiffeId(trusted.trustDomain, 'spire', 'server');
    const verifyServer = (chain: readonly Uint8Array[]): void => {
      link.refusal = undefined;
      try {
        const at = Math.floor(clock.unixMs() / 1000);
        const { spiffeId: found } = verifyChain({ chain, roots, at, usage: 'server' });
        if (found !== serverId) throw new SignetError('node.server_untrusted');
        link.isVerified = true;
      } catch (error) {
        link.refusal = error;
        throw error;
      }
    };
    const channel = openChannel({ kind: 'tls', address, identity, verifyServer });
    const clients = {
      agent: createClient(Agent, channel),
      bundle: createClient(Bundle, channel),
      entry: createClient(Entry, channel),
      svid: createClient(SVID, channel),
    };
    const link: Link = {
      channel,
      clients,
      calls: 0,
      isRetired: false,
      isProven: false,
      isVerified: false,
    };
    return link;
  }

  async #counted<T>(link: Link, use: (clients: ServerClients) => Promise<T>): Promise<T> {
    link.calls += 1;
    try {
      const result = await use(link.clients);
      link.isProven = true;
      return result;
    } finally {
      link.calls -= 1;
      if (link.isRetired && link.calls === 0) link.channel.close();
    }
  }

  /** It takes no new calls, and ends with the last of those it has. */
  #retire(link: Link): void {
    if (this.#link === link) this.#link = undefined;
    if (link.isRetired) return;
    link.isRetired = true;
    if (link.calls === 0) link.channel.close();
  }
}

const isTooLate = (error: unknown): boolean =>
  error instanceof SignetError && error.reason === 'rpc.deadline_exceeded';

const isUnavailable = (error: unknown): boolean =>
  error instanceof SignetError && error.reason === 'rpc.unavailable';

/** gRPC knows only that no connection came about; we know who refused whom. */
function explained({ refusal, isVerified, isProven }: Link, cause: unknown): unknown {
  if (refusal !== undefined) return new SignetError('node.server_untrusted', { cause: refusal });
  return isVerified && !isProven ? new SignetError('node.not_accepted', { cause }) : cause;
}

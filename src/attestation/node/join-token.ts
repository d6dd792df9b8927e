// Attests a node that brings a join token. The token is used up where the agent is recorded; until then
// it is locked here, so that of many who bring it at once only one makes us sign anything.
import { checkJoinToken, joinTokenHash } from '../../registry/join-token.ts';
import type { RegistryReader } from '../../registry/reader.ts';
import type { Clock } from '../../runtime/clock.ts';
import { SignetError } from '../../runtime/errors.ts';
import { spiffeId } from '../../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import type { AttestedNode, NodeAttestor } from './node-attestor.ts';

export interface JoinTokenAttestorOptions {
  readonly trustDomain: TrustDomain;
  readonly reader: Pick<RegistryReader, 'joinToken'>;
  readonly clock: Clock;
}

const maxPayloadBytes = 512;

export class JoinTokenAttestor implements NodeAttestor {
  readonly type = 'join_token';
  readonly #options: JoinTokenAttestorOptions;
  readonly #inUse = new Set<string>();

  constructor(options: JoinTokenAttestorOptions) {
    this.#options = options;
  }

  /** @throws SignetError `join_token.malformed`, `join_token.unknown`, `join_token.expired`, `store.*` */
  async attest(payload: Uint8Array): Promise<AttestedNode> {
    const { trustDomain } = this.#options;
    const token = readToken(payload);
    const hash = joinTokenHash(token);
    const agentId = spiffeId(trustDomain, 'spire', 'agent', this.type, token);
    if (this.#inUse.has(hash)) throw new SignetError('join_token.unknown');
    this.#inUse.add(hash);
    try {
      await this.#checkUsable(hash);
    } catch (error) {
      this.#inUse.delete(hash);
      throw error;
    }
    return {
      agentId,
      selectors: [],
      canReattest: false,
      joinTokenHash: hash,
      [Symbol.dispose]: () => this.#inUse.delete(hash),
    };
  }

  async #checkUsable(hash: string): Promise<void> {
    const { reader, clock } = this.#options;
    const token = await reader.joinToken(hash);
    if (token === undefined) throw new SignetError('join_token.unknown');
    if (token.expiresAt * 1000 <= clock.unixMs()) throw new SignetError('join_token.expired');
  }
}

/** @throws SignetError `join_token.malformed` */
function readToken(payload: Uint8Array): string {
  if (payload.length > maxPayloadBytes) throw new SignetError('join_token.malformed');
  const token = Buffer.from(payload).toString('latin1'); // anything beyond ASCII is refused
  checkJoinToken(token);
  return token;
}

// How a node proves what it is, before its agent has an identity (spire-api A4).
import type { Selector } from '../../spiffe/selector.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';

/** Sends the node a question and gives its answer. @throws SignetError if there is none */
export type Challenge = (question: Uint8Array) => Promise<Uint8Array>;

/**
 * A node that proved itself. Whatever the proof holds, such as a token that nobody else may use
 * meanwhile, is held until this is disposed of.
 */
export interface AttestedNode extends Disposable {
  readonly agentId: SpiffeId;
  readonly selectors: readonly Selector[];
  /** Whether it proves itself again instead of renewing. */
  readonly canReattest: boolean;
  /** Of the token that is used up when the agent is recorded. */
  readonly joinTokenHash?: string;
}

export interface NodeAttestor {
  /** As agents name it: `join_token`, … */
  readonly type: string;
  /**
   * @param payload from outside, of any size the transport lets through
   * @throws SignetError why the node is refused
   */
  attest(payload: Uint8Array, challenge: Challenge): Promise<AttestedNode>;
}

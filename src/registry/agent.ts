// Node agents as the server knows them (spire-api A7).
import type { Selector } from '../spiffe/selector.ts';
import type { SpiffeId } from '../spiffe/spiffe-id.ts';

/** Serials are lower-case hex. Which of its SVIDs an agent may use. */
export type AgentStanding =
  | {
      readonly state: 'active';
      readonly serial: string;
      /** Renewed but not used yet: its first use makes it the current one. */
      readonly pendingSerial?: string;
    }
  | { readonly state: 'banned' };

export interface Agent {
  readonly id: SpiffeId;
  /** How it proved its node: `join_token`, … */
  readonly attestationType: string;
  readonly standing: AgentStanding;
  /** End of its newest SVID, Unix seconds. */
  readonly expiresAt: number;
  readonly selectors: readonly Selector[];
  /** Whether it proves itself again instead of renewing. */
  readonly canReattest: boolean;
  readonly version: string;
  /** Unix milliseconds. */
  readonly attestedAt: number;
}

/** A secret that attests one agent, once. */
export interface JoinToken {
  /** Of the secret itself nothing is kept but SHA-256, in lower-case hex. */
  readonly hash: string;
  /** Unix seconds. */
  readonly expiresAt: number;
  /** A further ID for the agent; becomes an entry when it attests. */
  readonly agentId?: SpiffeId;
}

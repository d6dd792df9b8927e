// Every change to entries, agents and join tokens that the ledger can commit. What a change does, and
// the leaf it leaves behind, is written once, in store/changes.
import type { Selector } from '../spiffe/selector.ts';
import type { SpiffeId } from '../spiffe/spiffe-id.ts';
import type { Agent, JoinToken } from './agent.ts';
import type { Entry, EntryDraft } from './entry.ts';

/** A type, not an interface, so that it is assignable to `Changes`. */
export type RegistryChanges = {
  /** `already_exists`, with the entry there is, if ID, parent and selectors are taken: nothing is written then. */
  'entry.create': { input: EntryDraft; result: Entry };
  /** Replaces all but id and createdAt. Refused with `entry.not_found`, `entry.changed` if `revision` is not the present one. */
  'entry.update': { input: { id: string; draft: EntryDraft; revision?: number }; result: Entry };
  /** Refused with `entry.not_found`. Gives the entry that was. */
  'entry.delete': { input: { id: string }; result: Entry };

  /** Refused with `join_token.exists`. */
  'join_token.create': { input: JoinToken; result: JoinToken };

  /**
   * Uses up the join token, if one is named, and records the agent. Refused with `join_token.unknown`
   * or `join_token.expired` (the token is gone then as well), `agent.banned` or `agent.attested`. A
   * token that states an `agentId` makes an entry for it, which listeners see as `entry.create`.
   */
  'agent.attest': {
    input: {
      id: SpiffeId;
      attestationType: string;
      joinTokenHash?: string;
      selectors: readonly Selector[];
      canReattest: boolean;
      serial: string;
      expiresAt: number;
    };
    result: Agent;
  };
  /** The new serial is pending until it is used. Refused with `agent.not_found`, `agent.banned`. */
  'agent.renew': { input: { id: SpiffeId; serial: string; expiresAt: number }; result: Agent };
  /** A pending serial was used: it becomes the current one. Refused with `agent.not_found`. */
  'agent.activate': { input: { id: SpiffeId; serial: string }; result: Agent };
  /** Bans: the record stays and keeps it from attesting again. */
  'agent.ban': { input: { id: SpiffeId }; result: Agent };
  /** Evicts: forgets it, with the entries its join token made. */
  'agent.delete': { input: { id: SpiffeId }; result: Agent };

  /** Something was refused to somebody; nothing changes but the log. */
  'refusal.record': {
    input: {
      /** Kind of leaf: `x509.rejected`, `node.rejected`, `workload.rejected` or `admin.denied`. */
      kind: string;
      /** A Reason. */
      reason: string;
      spiffeId?: SpiffeId;
      node?: SpiffeId;
      /** What was asked for: an RPC, a route or an entry id of ours. Never raw input. */
      target?: string;
    };
    result: null;
  };
};

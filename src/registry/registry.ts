// Entries, agents and join tokens of one trust domain. Who may have what is answered from memory, which
// follows what the ledger committed; every alteration is a unit of the ledger.
import type { Committed, CommittedChange, Ledger, Origin } from '../audit/ledger.ts';
import type { Clock } from '../runtime/clock.ts';
import { SignetError } from '../runtime/errors.ts';
import type { Logger } from '../runtime/log.ts';
import { type SpiffeId, spiffeId } from '../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../spiffe/trust-domain.ts';
import type { Agent } from './agent.ts';
import { AuthorizedIndex } from './authorized-index.ts';
import type { RegistryChanges } from './changes.ts';
import type { Entry } from './entry.ts';
import { type EntryFields, parseEntryDraft, parseWorkloadId } from './entry-draft.ts';
import { checkJoinToken, joinTokenHash, newJoinToken } from './join-token.ts';
import type { RegistryReader } from './reader.ts';

export interface RegistryOptions {
  readonly reader: RegistryReader;
  readonly ledger: Ledger<RegistryChanges>;
  readonly clock: Clock;
  readonly trustDomain: TrustDomain;
  readonly log: Logger;
}

/** The token itself is nowhere else: it is shown to whoever asked for it, once. */
export interface MadeJoinToken {
  readonly token: string;
  /** Unix seconds. */
  readonly expiresAt: number;
}

const pageSize = 1000;
const longestTokenTtlSeconds = 30 * 86_400;

export class Registry {
  readonly reader: RegistryReader;
  readonly #options: RegistryOptions;
  readonly #index: AuthorizedIndex;
  readonly #agents = new Map<SpiffeId, Agent>();

  private constructor(options: RegistryOptions) {
    this.reader = options.reader;
    this.#options = options;
    this.#index = new AuthorizedIndex(spiffeId(options.trustDomain, 'spire', 'server'));
  }

  /** Reads all entries and agents, and follows the ledger from then on. Nobody writes meanwhile. */
  static async open(options: RegistryOptions): Promise<Registry> {
    const registry = new Registry(options);
    await registry.#load();
    options.ledger.onCommitted((change) => registry.#follow(change));
    options.log.info(
      { entries: registry.#index.size, agents: registry.#agents.size },
      'registry loaded',
    );
    return registry;
  }

  entry(id: string): Entry | undefined {
    return this.#index.entry(id);
  }

  /** Entries that give this SPIFFE ID and have not expired; they say what its bearer may do. */
  entriesOf(id: SpiffeId): readonly Entry[] {
    const now = this.#now();
    return this.#index.entriesOf(id).filter(({ expiresAt }) => expiresAt === 0 || expiresAt > now);
  }

  agent(id: SpiffeId): Agent | undefined {
    return this.#agents.get(id);
  }

  /** What this agent may have, sorted by id; nothing if there is no such agent, or it is banned. */
  authorizedEntries(agentId: SpiffeId): readonly Entry[] {
    const agent = this.#agents.get(agentId);
    if (agent === undefined || agent.standing.state === 'banned') return [];
    return this.#index.authorized(agent, this.#now());
  }

  /** One of them by its id. */
  authorizedEntry(agentId: SpiffeId, entryId: string): Entry | undefined {
    const agent = this.#agents.get(agentId);
    const entry = this.#index.entry(entryId);
    if (agent === undefined || agent.standing.state === 'banned') return undefined;
    const isIts = entry !== undefined && this.#index.isAuthorized(agent, entry, this.#now());
    return isIts ? entry : undefined;
  }

  /**
   * @throws SignetError as `parseEntryDraft` does; `entry.exists` with `details.id` of the one there is;
   * `store.*`
   */
  async createEntry(fields: EntryFields, origin: Origin): Promise<Committed<Entry>> {
    const draft = parseEntryDraft(fields, this.#options.trustDomain);
    return this.#options.ledger.commit('entry.create', draft, origin);
  }

  /**
   * Replaces an entry.
   *
   * @param revision the one that was read; undefined to replace whatever is there
   * @throws SignetError as `parseEntryDraft` does; `entry.not_found`, `entry.changed`, `entry.exists`,
   * `store.*`
   */
  async updateEntry(
    id: string,
    fields: EntryFields,
    revision: number | undefined,
    origin: Origin,
  ): Promise<Committed<Entry>> {
    const draft = parseEntryDraft({ ...fields, id }, this.#options.trustDomain);
    const input = { id, draft, ...(revision === undefined ? {} : { revision }) };
    return this.#options.ledger.commit('entry.update', input, origin);
  }

  /** @throws SignetError `entry.not_found`, `store.*` */
  async deleteEntry(id: string, origin: Origin): Promise<Committed<Entry>> {
    return this.#options.ledger.commit('entry.delete', { id }, origin);
  }

  /**
   * Makes a join token, a random one unless one is given.
   *
   * @param request `agentId` is a further ID for the agent, beside the one it gets by its token
   * @throws SignetError `join_token.ttl`, `join_token.malformed`, `join_token.exists`, as
   * `parseWorkloadId` does; `store.*`
   */
  async createJoinToken(
    request: { readonly ttlSeconds: number; readonly token?: string; readonly agentId?: string },
    origin: Origin,
  ): Promise<Committed<MadeJoinToken>> {
    const { ttlSeconds, token = newJoinToken(), agentId } = request;
    const isTtl = Number.isInteger(ttlSeconds) && ttlSeconds >= 1;
    if (!isTtl || ttlSeconds > longestTokenTtlSeconds) throw new SignetError('join_token.ttl');
    checkJoinToken(token);
    const { trustDomain, ledger } = this.#options;
    const expiresAt = this.#now() + ttlSeconds;
    const alias = agentId === undefined ? {} : { agentId: parseWorkloadId(agentId, trustDomain) };
    const input = { hash: joinTokenHash(token), expiresAt, ...alias };
    const receipt = await ledger.commit('join_token.create', input, origin);
    return { ...receipt, result: { token, expiresAt } };
  }

  /** @throws SignetError `agent.not_found`, `store.*` */
  async banAgent(id: SpiffeId, origin: Origin): Promise<Committed<Agent>> {
    return this.#options.ledger.commit('agent.ban', { id }, origin);
  }

  /** @throws SignetError `agent.not_found`, `store.*` */
  async evictAgent(id: SpiffeId, origin: Origin): Promise<Committed<Agent>> {
    return this.#options.ledger.commit('agent.delete', { id }, origin);
  }

  /** @throws SignetError `agent.not_found`, `agent.banned`, `store.*` */
  async activateAgent(id: SpiffeId, serial: string, origin: Origin): Promise<Committed<Agent>> {
    return this.#options.ledger.commit('agent.activate', { id, serial }, origin);
  }

  /** Writes down that something was refused. @throws SignetError `store.*` */
  async recordRefusal(
    refusal: RegistryChanges['refusal.record']['input'],
    origin: Origin,
  ): Promise<void> {
    await this.#options.ledger.commit('refusal.record', refusal, origin);
  }

  async #load(): Promise<void> {
    const entries = (after?: string) => this.reader.entries({}, page(after));
    for await (const entry of all(entries, ({ id }) => id)) this.#index.put(entry);
    const agents = (after?: string) => this.reader.agents({}, page(after));
    for await (const agent of all(agents, ({ id }) => id)) this.#agents.set(agent.id, agent);
  }

  #follow(change: CommittedChange): void {
    /* oxlint-disable typescript/no-unsafe-type-assertion -- the kind says what the result is */
    switch (change.kind as keyof RegistryChanges) {
      case 'entry.create':
      case 'entry.update':
        this.#index.put(change.result as Entry);
        break;
      case 'entry.delete':
        this.#index.remove((change.result as Entry).id);
        break;
      case 'agent.attest':
      case 'agent.renew':
      case 'agent.activate':
      case 'agent.ban': {
        const agent = change.result as Agent;
        this.#agents.set(agent.id, agent);
        break;
      }
      case 'agent.delete':
        this.#agents.delete((change.result as Agent).id);
        break;
      case 'join_token.create':
      case 'refusal.record':
        break;
    }
    /* oxlint-enable typescript/no-unsafe-type-assertion */
  }

  #now(): number {
    return Math.floor(this.#options.clock.unixMs() / 1000);
  }
}

const page = (after?: string) => ({ size: pageSize, ...(after === undefined ? {} : { after }) });

/** All items of a list that comes in pages. */
async function* all<T>(
  read: (after?: string) => Promise<readonly T[]>,
  keyOf: (item: T) => string,
): AsyncGenerator<T> {
  let items = await read();
  while (items.length > 0) {
    yield* items;
    const last = items.at(-1);
    if (last === undefined || items.length < pageSize) return;
    items = await read(keyOf(last));
  }
}

// Which entries an agent may have, from memory: those below it, below what those name, and below its
// node aliases (spire-api A8). A change costs as much as the entry itself, however many there are.
import type { SpiffeId } from '../spiffe/spiffe-id.ts';
import type { Agent } from './agent.ts';
import type { Entry } from './entry.ts';

export class AuthorizedIndex {
  /** Parent of the entries that give a node other names. */
  readonly #serverId: SpiffeId;
  readonly #byId = new Map<string, Entry>();
  readonly #byParent = new Map<SpiffeId, Map<string, Entry>>();
  readonly #bySpiffeId = new Map<SpiffeId, Map<string, Entry>>();

  /** @param serverId `spiffe://<trust domain>/spire/server` */
  constructor(serverId: SpiffeId) {
    this.#serverId = serverId;
  }

  get size(): number {
    return this.#byId.size;
  }

  entry(id: string): Entry | undefined {
    return this.#byId.get(id);
  }

  /** Entries that give this SPIFFE ID. */
  entriesOf(spiffeId: SpiffeId): readonly Entry[] {
    return [...(this.#bySpiffeId.get(spiffeId)?.values() ?? [])];
  }

  /** Adds an entry, or puts it in the place of the one with its id. */
  put(entry: Entry): void {
    this.remove(entry.id);
    this.#byId.set(entry.id, entry);
    group(this.#byParent, entry.parentId).set(entry.id, entry);
    group(this.#bySpiffeId, entry.spiffeId).set(entry.id, entry);
  }

  remove(id: string): void {
    const entry = this.#byId.get(id);
    if (entry === undefined) return;
    this.#byId.delete(id);
    ungroup(this.#byParent, entry.parentId, id);
    ungroup(this.#bySpiffeId, entry.spiffeId, id);
  }

  /**
   * Entries this agent is authorised for at `now` (Unix seconds), sorted by id; each once, also where
   * entries name each other in circles. Aliases of the node are followed and not given.
   */
  authorized({ id, selectors }: Pick<Agent, 'id' | 'selectors'>, now: number): readonly Entry[] {
    const found = new Map<string, Entry>();
    const seen = new Set<SpiffeId>();
    const open: SpiffeId[] = [id, ...this.#aliases(new Set(selectors), now)];
    for (let parent = open.pop(); parent !== undefined; parent = open.pop()) {
      if (seen.has(parent)) continue;
      seen.add(parent);
      for (const entry of this.#byParent.get(parent)?.values() ?? []) {
        if (isExpired(entry, now)) continue;
        found.set(entry.id, entry);
        open.push(entry.spiffeId);
      }
    }
    return [...found.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Whether one entry is among them, found by going up from it: cheaper than to find them all. */
  isAuthorized(agent: Pick<Agent, 'id' | 'selectors'>, entry: Entry, now: number): boolean {
    const names = new Set([agent.id, ...this.#aliases(new Set(agent.selectors), now)]);
    const seen = new Set<SpiffeId>();
    const open = isExpired(entry, now) ? [] : [entry.parentId];
    for (let parent = open.pop(); parent !== undefined; parent = open.pop()) {
      if (names.has(parent)) return true;
      if (seen.has(parent)) continue;
      seen.add(parent);
      for (const above of this.#bySpiffeId.get(parent)?.values() ?? []) {
        if (!isExpired(above, now)) open.push(above.parentId);
      }
    }
    return false;
  }

  #aliases(selectors: ReadonlySet<string>, now: number): SpiffeId[] {
    if (selectors.size === 0) return [];
    return [...(this.#byParent.get(this.#serverId)?.values() ?? [])]
      .filter((entry) => !isExpired(entry, now))
      .filter((entry) => entry.selectors.every((selector) => selectors.has(selector)))
      .map(({ spiffeId }) => spiffeId);
  }
}

function isExpired({ expiresAt }: Entry, now: number): boolean {
  return expiresAt !== 0 && expiresAt <= now;
}

function group(groups: Map<SpiffeId, Map<string, Entry>>, key: SpiffeId): Map<string, Entry> {
  const known = groups.get(key);
  if (known !== undefined) return known;
  const made = new Map<string, Entry>();
  groups.set(key, made);
  return made;
}

function ungroup(groups: Map<SpiffeId, Map<string, Entry>>, key: SpiffeId, id: string): void {
  const known = groups.get(key);
  known?.delete(id);
  if (known?.size === 0) groups.delete(key);
}

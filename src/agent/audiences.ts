// Who is told what: callers with the same selectors form one audience and share one view. A change looks
// at the audiences it concerns only, and wakes those whose view has become another.
import type { Identity, IdentityView } from '../api/identity-source.ts';
import { Latest } from '../runtime/latest.ts';
import type { X509Bundle } from '../spiffe/bundle.ts';
import type { Selector } from '../spiffe/selector.ts';
import type { X509Svid } from '../spiffe/svid.ts';
import type { TrustDomain } from '../spiffe/trust-domain.ts';
import { EntryIndex } from './entry-index.ts';
import type { AgentEntry } from './entry.ts';

export interface Audience {
  readonly selectors: ReadonlySet<Selector>;
  readonly view: Latest<IdentityView>;
}

interface Group extends Audience {
  readonly key: string;
  /** Entries whose selectors are all among its own. */
  readonly matches: Map<string, AgentEntry>;
  members: number;
}

/** What the agent knows at one moment; left out is what has not changed. */
export interface Change {
  readonly entries?: ReadonlyMap<string, AgentEntry>;
  readonly bundles?: ReadonlyMap<TrustDomain, X509Bundle>;
  /** Ids of entries whose SVID is another. */
  readonly svids?: Iterable<string>;
  readonly isSynced?: boolean;
}

export class Audiences {
  readonly #trustDomain: TrustDomain;
  readonly #svidOf: (entryId: string) => X509Svid | undefined;
  readonly #entries = new EntryIndex();
  readonly #groups = new Map<string, Group>();
  readonly #groupsBySelector = new Map<Selector, Set<Group>>();
  readonly #identities = new WeakMap<AgentEntry, Identity>();
  #bundles: ReadonlyMap<TrustDomain, X509Bundle>;
  #isSynced = false;

  constructor(
    trustDomain: TrustDomain,
    bundles: ReadonlyMap<TrustDomain, X509Bundle>,
    svidOf: (entryId: string) => X509Svid | undefined,
  ) {
    this.#trustDomain = trustDomain;
    this.#bundles = bundles;
    this.#svidOf = svidOf;
  }

  /** Callers that are being told. */
  get members(): number {
    let members = 0;
    for (const group of this.#groups.values()) members += group.members;
    return members;
  }

  /** Joins the audience of these selectors until disposed of. */
  join(selectors: ReadonlySet<Selector>): Audience & Disposable {
    const key = JSON.stringify([...selectors].toSorted());
    const group = this.#groups.get(key) ?? this.#found(key, selectors);
    group.members += 1;
    let isMember = true;
    return {
      selectors,
      view: group.view,
      [Symbol.dispose]: () => {
        if (isMember) this.#leave(group);
        isMember = false;
      },
    };
  }

  /** Takes everything that changed at once, so that nobody is shown half of it. */
  update({ entries, bundles, svids, isSynced }: Change): void {
    const concerned = new Set<Group>();
    if (entries !== undefined) {
      for (const [before, now] of this.#entries.replace(entries))
        this.#move(before, now, concerned);
    }
    for (const id of svids ?? []) {
      const entry = this.#entries.get(id);
      for (const group of entry === undefined ? [] : this.#audienceOf(entry)) concerned.add(group);
    }
    const isForAll =
      (bundles ?? this.#bundles) !== this.#bundles ||
      (isSynced ?? this.#isSynced) !== this.#isSynced;
    this.#bundles = bundles ?? this.#bundles;
    this.#isSynced = isSynced ?? this.#isSynced;
    for (const group of isForAll ? this.#groups.values() : concerned) this.#refresh(group);
  }

  #found(key: string, selectors: ReadonlySet<Selector>): Group {
    const matches = new Map(this.#entries.matching(selectors).map((entry) => [entry.id, entry]));
    const view = new Latest(this.#viewOf(matches));
    const group: Group = { key, selectors, matches, view, members: 0 };
    this.#groups.set(key, group);
    for (const selector of selectors) {
      const groups = this.#groupsBySelector.get(selector) ?? new Set();
      this.#groupsBySelector.set(selector, groups.add(group));
    }
    return group;
  }

  #leave(group: Group): void {
    group.members -= 1;
    if (group.members > 0) return;
    this.#groups.delete(group.key);
    for (const selector of group.selectors) {
      const groups = this.#groupsBySelector.get(selector);
      groups?.delete(group);
      if (groups?.size === 0) this.#groupsBySelector.delete(selector);
    }
  }

  #move(before: AgentEntry | undefined, now: AgentEntry | undefined, concerned: Set<Group>): void {
    for (const group of before === undefined ? [] : this.#audienceOf(before)) {
      group.matches.delete(before?.id ?? '');
      concerned.add(group);
    }
    for (const group of now === undefined ? [] : this.#audienceOf(now)) {
      if (now !== undefined) group.matches.set(now.id, now);
      concerned.add(group);
    }
  }

  /** Groups that have all selectors of an entry, found by the one that fewest groups have. */
  *#audienceOf({ selectors }: AgentEntry): Generator<Group> {
    let fewest: ReadonlySet<Group> | undefined;
    for (const selector of selectors) {
      const groups = this.#groupsBySelector.get(selector);
      if (groups === undefined) return;
      if (fewest === undefined || groups.size < fewest.size) fewest = groups;
    }
    for (const group of fewest ?? []) {
      if (selectors.isSubsetOf(group.selectors)) yield group;
    }
  }

  #refresh(group: Group): void {
    const view = this.#viewOf(group.matches);
    if (!isSameView(view, group.view.value)) group.view.set(view);
  }

  #viewOf(matches: ReadonlyMap<string, AgentEntry>): IdentityView {
    const identities = [...matches.values()]
      .map((entry) => this.#identityOf(entry))
      .filter((identity) => identity !== undefined)
      .toSorted((a, b) => (a.entryId < b.entryId ? -1 : 1));
    const pending = !this.#isSynced || identities.length < matches.size;
    return { identities, trustDomain: this.#trustDomain, bundles: this.#bundles, pending };
  }

  /** The same object for as long as entry and SVID are the same. */
  #identityOf(entry: AgentEntry): Identity | undefined {
    const svid = this.#svidOf(entry.id);
    if (svid === undefined) return undefined;
    const known = this.#identities.get(entry);
    if (known?.svid === svid) return known;
    const identity = { entryId: entry.id, hint: entry.hint, svid };
    this.#identities.set(entry, identity);
    return identity;
  }
}

function isSameView(a: IdentityView, b: IdentityView): boolean {
  return (
    a.pending === b.pending &&
    a.bundles === b.bundles &&
    a.identities.length === b.identities.length &&
    a.identities.every((identity, index) => isSameIdentity(identity, b.identities[index]))
  );
}

function isSameIdentity(a: Identity, b: Identity | undefined): boolean {
  return a.entryId === b?.entryId && a.hint === b.hint && a.svid === b.svid;
}

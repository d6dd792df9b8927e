// A ledger without a disk, for tests of what uses one: it keeps leaves in an array, applies changes of
// authorities, and fails when a test wants it to. What a ledger promises is tested on the real ones.
import type {
  Committed,
  CommittedChange,
  Ledger,
  Origin,
  Receipt,
} from '../../src/audit/ledger.ts';
import { packLeaves, type PackedLeaves, unpackLeaves } from '../../src/audit/packed-leaves.ts';
import type { Authority } from '../../src/ca/authority.ts';
import { isInBundle } from '../../src/ca/authority.ts';
import type { AuthorityChanges, AuthorityReader } from '../../src/ca/changes.ts';
import type { RefusalChanges } from '../../src/ca/issuer-service.ts';
import { SignetError } from '../../src/runtime/errors.ts';

/** `test.note` stands for any change that an issuance may come with. */
export type TestChanges = AuthorityChanges &
  RefusalChanges & { 'test.note': { input: { serial: string }; result: string } };

export interface TestLeaf {
  readonly t: string;
  readonly [member: string]: unknown;
}

export class MemoryLedger implements Ledger<TestChanges>, AuthorityReader {
  readonly leaves: TestLeaf[] = [];
  /** Errors for the next units that carry issued leaves, used up in order. */
  readonly failures: SignetError[] = [];
  /** Runs before a unit is written. */
  beforeWrite: (kind: string) => Promise<void> = async () => undefined;
  readonly #listeners: ((change: CommittedChange) => void)[] = [];
  readonly #authorities = new Map<string, Authority>();
  #sequence = 0;

  async commit<K extends keyof TestChanges>(
    kind: K,
    input: TestChanges[K]['input'],
    origin: Origin,
    leaves?: PackedLeaves,
  ): Promise<Committed<TestChanges[K]['result']>> {
    await this.beforeWrite(kind);
    if (leaves !== undefined) this.#fail();
    const result = this.#apply(kind, input, origin) as TestChanges[K]['result'];
    const receipt = this.#write(leaves ?? packLeaves([]));
    for (const listener of this.#listeners) listener({ kind, input, result, receipt });
    return { ...receipt, result };
  }

  async append(leaves: PackedLeaves): Promise<Receipt> {
    // the caller must not use them any more, as if they had gone to another thread
    const taken = structuredClone(leaves, { transfer: [leaves.bytes.buffer] });
    await this.beforeWrite('append');
    this.#fail();
    return this.#write(taken);
  }

  onCommitted(listener: (change: CommittedChange) => void): void {
    this.#listeners.push(listener);
  }

  async authorities(): Promise<readonly Authority[]> {
    return [...this.#authorities.values()];
  }

  async bundleSequence(): Promise<number> {
    return this.#sequence;
  }

  /** Leaves of one kind. */
  of(kind: string): readonly TestLeaf[] {
    return this.leaves.filter(({ t }) => t === kind);
  }

  #fail(): void {
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
  }

  #write(leaves: PackedLeaves): Receipt {
    const firstIndex = this.leaves.length;
    const parsed = [...unpackLeaves(leaves)].map((leaf): TestLeaf => {
      const [, json = ''] = leaf.subarray(1).toString().split('\n');
      return JSON.parse(json) as TestLeaf;
    });
    for (const { ca, serial } of parsed) {
      const isTaken = this.leaves.some((known) => known['ca'] === ca && known['serial'] === serial);
      if (isTaken) throw new SignetError('store.duplicate_serial');
    }
    this.leaves.push(...parsed);
    return { firstIndex, count: parsed.length, checkpoint: '' };
  }

  #apply(kind: string, input: unknown, { actor, requestId }: Origin): unknown {
    const record = (leaf: TestLeaf) => this.leaves.push({ ...leaf, actor, req: requestId });
    switch (kind) {
      case 'authority.intent': {
        const intent = input as AuthorityChanges['authority.intent']['input'];
        record({ t: 'ca.cert.intent', ca: intent.parentId, target: intent.authorityId });
        return null;
      }
      case 'authority.create': {
        const authority = input as Authority;
        record({ t: 'ca.cert.issued', ca: authority.parentId, target: authority.id });
        return this.#put(authority);
      }
      case 'authority.transition': {
        const { id, to } = input as AuthorityChanges['authority.transition']['input'];
        const before = this.#authorities.get(id);
        if (before === undefined) throw new SignetError('authority.not_found');
        record({ t: 'authority.moved', target: id, state: to });
        return this.#put({ ...before, state: to });
      }
      case 'refusal.record': {
        const { kind: t, reason, ...names } = input as RefusalChanges['refusal.record']['input'];
        record({ t, reason, ...names });
        return null;
      }
      default: {
        const { serial } = input as { serial: string };
        record({ t: kind, target: serial });
        return serial;
      }
    }
  }

  #put(authority: Authority): Authority {
    const before = this.#authorities.get(authority.id);
    const wasIn = before !== undefined && isInBundle(before);
    if (wasIn !== isInBundle(authority)) this.#sequence += 1;
    this.#authorities.set(authority.id, authority);
    return authority;
  }
}

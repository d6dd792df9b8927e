// Keeps up with the entries an agent is entitled to: all of them while they are few, later only what has
// changed (Entry.SyncAuthorizedEntries).
import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  EntryRevision,
  SyncAuthorizedEntriesRequestSchema,
  SyncAuthorizedEntriesResponse,
} from '../gen/spire/api/server/entry/v1/entry_pb.js';
import type { Entry } from '../gen/spire/api/types/entry_pb.js';
import { SignetError } from '../runtime/errors.ts';
import type { TrustDomain } from '../spiffe/trust-domain.ts';
import { type AgentEntry, readEntry } from './entry.ts';
import { Outbox } from './outbox.ts';
import { callTimeoutMs, type ServerClients } from './server-connection.ts';

/** One entry of the server at one revision. */
export interface SyncedEntry {
  readonly revision: bigint;
  readonly createdAt: bigint;
  /** Undefined for one that is of no use here; it is remembered, so as not to be fetched again. */
  readonly entry: AgentEntry | undefined;
}

export type SyncedEntries = ReadonlyMap<string, SyncedEntry>;

type Request = MessageInitShape<typeof SyncAuthorizedEntriesRequestSchema>;
type Answers = AsyncIterator<SyncAuthorizedEntriesResponse, unknown>;

const maxEntries = 200_000;

/** What an agent wants to know of an entry; the server keeps to it for the whole stream. */
const outputMask = {
  spiffeId: true,
  selectors: true,
  federatesWith: true,
  admin: true,
  downstream: true,
  revisionNumber: true,
  storeSvid: true,
  hint: true,
  additionalAttributes: true,
  createdAt: true,
};

/**
 * The entries of now, given those of last time. An entry that has not changed stays the same object.
 *
 * @throws SignetError `rpc.*`, `node.server_protocol`
 */
export async function syncEntries(
  { entry }: ServerClients,
  known: SyncedEntries,
  trustDomain: TrustDomain,
  signal: AbortSignal,
): Promise<SyncedEntries> {
  const outbox = new Outbox<Request>();
  const options = { signal, timeoutMs: callTimeoutMs };
  const answers = entry.syncAuthorizedEntries(outbox.items(), options);
  const read = (message: Entry): SyncedEntry => keep(message, known, trustDomain);
  try {
    outbox.put({ outputMask });
    const first = await next(answers);
    if (first.entryRevisions.length === 0) {
      return new Map(first.entries.map((message) => [message.id, read(message)]));
    }
    const revisions = await revisionsOf(first, answers);
    const wanted = new Set(
      revisions.filter((revision) => isNews(revision, known)).map(({ id }) => id),
    );
    const entries = new Map<string, SyncedEntry>();
    for (const { id } of revisions) {
      const same = known.get(id);
      if (same !== undefined && !wanted.has(id)) entries.set(id, same);
    }
    for (const ids of pages([...wanted].toSorted(), first.entryRevisions.length)) {
      outbox.put({ ids });
      for await (const message of entriesOf(answers)) {
        if (wanted.has(message.id)) entries.set(message.id, read(message));
      }
    }
    return entries;
  } finally {
    outbox.end();
    await answers.return();
  }
}

/** All pages of the list of revisions. */
async function revisionsOf(
  first: SyncAuthorizedEntriesResponse,
  answers: Answers,
): Promise<EntryRevision[]> {
  const revisions: EntryRevision[] = [];
  for (let page = first; ; page = await next(answers)) {
    if (page.entries.length > 0) throw new SignetError('node.server_protocol');
    revisions.push(...page.entryRevisions);
    if (revisions.length > maxEntries) throw new SignetError('node.server_protocol');
    if (!page.more) return revisions;
  }
}

/** All pages of the answer to one request for entries. */
async function* entriesOf(answers: Answers): AsyncGenerator<Entry> {
  for (let count = 0; ;) {
    const page = await next(answers);
    if (page.entryRevisions.length > 0) throw new SignetError('node.server_protocol');
    count += page.entries.length;
    if (count > maxEntries) throw new SignetError('node.server_protocol');
    yield* page.entries;
    if (!page.more) return;
  }
}

async function next(answers: Answers): Promise<SyncAuthorizedEntriesResponse> {
  const result = await answers.next();
  if (result.done === true) throw new SignetError('node.server_protocol');
  return result.value;
}

function isNews({ id, revisionNumber, createdAt }: EntryRevision, known: SyncedEntries): boolean {
  const before = known.get(id);
  if (before?.revision !== revisionNumber) return true;
  return createdAt !== 0n && before.createdAt !== createdAt;
}

function keep(message: Entry, known: SyncedEntries, trustDomain: TrustDomain): SyncedEntry {
  const { id, revisionNumber: revision, createdAt } = message;
  const before = known.get(id);
  if (before?.revision === revision && before.createdAt === createdAt) return before;
  return { revision, createdAt, entry: readEntry(message, trustDomain) };
}

function* pages<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}

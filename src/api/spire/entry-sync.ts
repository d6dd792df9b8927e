// SyncAuthorizedEntries: an agent learns which entries it has, and fetches those that are new to it
// (spire-api A8).
import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  SyncAuthorizedEntriesRequest,
  SyncAuthorizedEntriesResponseSchema,
} from '../../gen/spire/api/server/entry/v1/entry_pb.js';
import type { EntryMask } from '../../gen/spire/api/types/entry_pb.js';
import type { Entry } from '../../registry/entry.ts';
import { RpcStatus } from '../../rpc/status.ts';
import { SignetError } from '../../runtime/errors.ts';
import { entryToProto } from './convert-entry.ts';

type Response = MessageInitShape<typeof SyncAuthorizedEntriesResponseSchema>;

const pageSize = 500;
/** An agent refuses messages over 4 MiB; what this leaves is for tags and lengths. */
const pageBytes = 3 * 1024 * 1024;
/** Of an entry beside its texts. */
const overheadBytes = 256;

/**
 * Answers the requests of one stream. What the agent may have is looked up once, at the first; the mask
 * of that one holds for all.
 *
 * @throws SignetError `api.sync_ids_first`, `api.sync_revision_masked`, `api.sync_too_many_ids`
 */
export async function* syncEntries(
  requests: AsyncIterable<SyncAuthorizedEntriesRequest>,
  authorized: () => readonly Entry[],
): AsyncGenerator<Response, void> {
  let snapshot: ReadonlyMap<string, Entry> | undefined;
  let mask: EntryMask | undefined;
  for await (const request of requests) {
    if (snapshot === undefined) {
      checkFirst(request);
      mask = request.outputMask;
      const entries = authorized();
      const [whole, ...others] = pagesOf(entries);
      if (others.length === 0) {
        yield { entries: entriesToProto(whole ?? [], mask) };
        return;
      }
      snapshot = new Map(entries.map((entry) => [entry.id, entry]));
      yield* revisionPages(entries);
    } else {
      yield* entryPages(named(request, snapshot), mask);
    }
  }
}

function checkFirst({ ids, outputMask }: SyncAuthorizedEntriesRequest): void {
  if (ids.length > 0) {
    const text = 'specifying IDs on initial request is not supported';
    throw new RpcStatus('api.sync_ids_first', { wording: { text } });
  }
  if (outputMask !== undefined && !outputMask.revisionNumber) {
    const text = 'revision number cannot be masked';
    throw new RpcStatus('api.sync_revision_masked', { wording: { text } });
  }
}

/** The entries asked for, sorted by id. One that is not the agent's is passed over. */
function named(
  { ids }: SyncAuthorizedEntriesRequest,
  snapshot: ReadonlyMap<string, Entry>,
): readonly Entry[] {
  if (ids.length > snapshot.size) throw new SignetError('api.sync_too_many_ids');
  const found = [...new Set(ids)].toSorted().map((id) => snapshot.get(id));
  return found.filter((entry) => entry !== undefined);
}

function* revisionPages(entries: readonly Entry[]): Generator<Response> {
  for (let at = 0; at < entries.length; at += pageSize) {
    const page = entries.slice(at, at + pageSize);
    const entryRevisions = page.map(({ id, revision, createdAt }) => ({
      id,
      revisionNumber: BigInt(revision),
      createdAt: BigInt(createdAt),
    }));
    yield { entryRevisions, more: at + pageSize < entries.length };
  }
}

/** There is an answer to every request, an empty one if nothing was found. */
function* entryPages(entries: readonly Entry[], mask: EntryMask | undefined): Generator<Response> {
  const pages = pagesOf(entries);
  for (const [index, page] of pages.entries()) {
    yield { entries: entriesToProto(page, mask), more: index + 1 < pages.length };
  }
}

/** At least one page, each bounded in number and in bytes. */
function pagesOf(entries: readonly Entry[]): readonly (readonly Entry[])[] {
  let page: Entry[] = [];
  const pages = [page];
  let bytes = 0;
  for (const entry of entries) {
    const size = sizeOf(entry);
    if (page.length > 0 && (page.length === pageSize || bytes + size > pageBytes)) {
      page = [];
      pages.push(page);
      bytes = 0;
    }
    page.push(entry);
    bytes += size;
  }
  return pages;
}

/** An estimate in bytes, never too low. */
function sizeOf(entry: Entry): number {
  const lists = [entry.selectors, entry.dnsNames, entry.federatesWith];
  const texts: readonly string[] = [entry.id, entry.spiffeId, entry.parentId, ...lists.flat()];
  // Ten bytes are for the tags and lengths around each.
  const stated = texts.reduce((sum, text) => sum + Buffer.byteLength(text) + 10, overheadBytes);
  return stated + Buffer.byteLength(entry.hint);
}

function entriesToProto(entries: readonly Entry[], mask: EntryMask | undefined) {
  return entries.map((entry) => entryToProto(entry, mask));
}

// The server's side of Entry.SyncAuthorizedEntries, strict about what an agent may send.
import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  SyncAuthorizedEntriesRequest,
  SyncAuthorizedEntriesResponseSchema,
} from '../../src/gen/spire/api/server/entry/v1/entry_pb.js';
import type { EntrySchema } from '../../src/gen/spire/api/types/entry_pb.js';
import { RpcStatus } from '../../src/rpc/status.ts';
import { parseSpiffeId, pathOf, trustDomainOf } from '../../src/spiffe/spiffe-id.ts';

export interface FakeEntry {
  readonly id: string;
  readonly spiffeId: string;
  /** `type:value` */
  readonly selectors: readonly string[];
  readonly revision?: bigint;
  readonly createdAt?: bigint;
  readonly hint?: string;
  readonly storeSvid?: boolean;
}

type Answer = MessageInitShape<typeof SyncAuthorizedEntriesResponseSchema>;

export async function* syncAnswers(
  requests: AsyncIterable<SyncAuthorizedEntriesRequest>,
  entries: readonly FakeEntry[],
  pageSize: number,
): AsyncGenerator<Answer> {
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
  let isFirst = true;
  for await (const { ids, outputMask } of requests) {
    if (isFirst) {
      const isMasked = outputMask !== undefined && !outputMask.revisionNumber;
      if (ids.length > 0 || isMasked) throw new RpcStatus('rpc.invalid_argument');
      if (entries.length <= pageSize) {
        yield { entries: entries.map(toMessage) };
        return;
      }
      yield* paged(entries, pageSize, (page) => ({ entryRevisions: page.map(revisionOf) }));
      isFirst = false;
      continue;
    }
    const isSorted = ids.every((id, index) => index === 0 || (ids[index - 1] ?? '') < id);
    if (ids.length > pageSize || !isSorted) throw new RpcStatus('rpc.invalid_argument');
    const found = ids.map((id) => byId.get(id)).filter((entry) => entry !== undefined);
    // in two pages, to see both
    yield* paged(found, Math.max(1, Math.ceil(found.length / 2)), (page) => ({
      entries: page.map(toMessage),
    }));
  }
}

function* paged<T>(items: readonly T[], size: number, answer: (page: T[]) => Answer) {
  if (items.length === 0) yield answer([]);
  for (let at = 0; at < items.length; at += size) {
    yield { ...answer(items.slice(at, at + size)), more: at + size < items.length };
  }
}

const revisionOf = ({ id, revision = 0n, createdAt = 1n }: FakeEntry) => ({
  id,
  revisionNumber: revision,
  createdAt,
});

function toMessage(entry: FakeEntry): MessageInitShape<typeof EntrySchema> {
  const { id, spiffeId, selectors, revision = 0n, createdAt = 1n, hint = '' } = entry;
  return {
    id,
    spiffeId: messageOf(spiffeId),
    selectors: selectors.map((text) => {
      const colon = text.indexOf(':');
      return { type: text.slice(0, colon), value: text.slice(colon + 1) };
    }),
    revisionNumber: revision,
    createdAt,
    hint,
    storeSvid: entry.storeSvid ?? false,
  };
}

/** The parts of a SPIFFE ID as messages carry them. */
function messageOf(text: string): { trustDomain: string; path: string } {
  const id = parseSpiffeId(text);
  return { trustDomain: trustDomainOf(id), path: pathOf(id) };
}

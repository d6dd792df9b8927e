// spire.api.server.entry.v1.Entry: admins keep registration entries, agents fetch those meant for them
// (spire-api A8, B1).
import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  BatchUpdateEntryRequest,
  Entry as EntryService,
  ListEntriesRequest,
  ListEntriesResponseSchema,
} from '../../gen/spire/api/server/entry/v1/entry_pb.js';
import type { Entry as EntryMessage } from '../../gen/spire/api/types/entry_pb.js';
import type { Origin } from '../../audit/ledger.ts';
import type { Entry } from '../../registry/entry.ts';
import type { Registry } from '../../registry/registry.ts';
import type { ServiceImplementation } from '../../rpc/service.ts';
import { SignetError } from '../../runtime/errors.ts';
import { agentOf, callerOf } from './callers.ts';
import { entryToProto, fieldsFromProto, mergedFields } from './convert-entry.ts';
import { countEntries, findEntries, queryOf } from './entry-filter.ts';
import { syncEntries } from './entry-sync.ts';
import { worded, type Wordings } from './failures.ts';
import { okStatus, statusOf } from './item-status.ts';
import { openPageToken, sealPageToken } from './page-token.ts';
import type { SpireDeps } from './spire-deps.ts';

const maxItems = 1000;
/** Of one answer, whatever the page size; what is left has a token. */
const maxListed = 50_000;

const wordings: Wordings = {
  'entry.exists': { text: 'similar entry already exists' },
  'entry.not_found': { text: 'entry not found' },
  'api.missing_entry_id': { text: 'missing entry ID' },
};

/** Methods are open to whom `authorization` says. */
export function entryService({
  registry,
}: Pick<SpireDeps, 'registry'>): ServiceImplementation<typeof EntryService> {
  return {
    async countEntries({ filter }) {
      return { count: await countEntries(registry.reader, queryOf(filter)) };
    },

    listEntries: (request) => list(registry, request),

    async getEntry({ id, outputMask }) {
      try {
        return entryToProto(existing(registry, id), outputMask);
      } catch (error) {
        throw worded(error, wordings);
      }
    },

    async batchCreateEntry({ entries, outputMask }, context) {
      checkBatch(entries);
      const { origin } = callerOf(context);
      const results = entries.map(async (message) => {
        try {
          const { result } = await registry.createEntry(fieldsFromProto(message), origin);
          return { status: okStatus, entry: entryToProto(result, outputMask) };
        } catch (error) {
          const status = statusOf(worded(error, wordings));
          const twin = twinOf(registry, error);
          return twin === undefined
            ? { status }
            : { status, entry: entryToProto(twin, outputMask) };
        }
      });
      return { results: await Promise.all(results) };
    },

    async batchUpdateEntry({ entries, inputMask, outputMask }, context) {
      checkBatch(entries);
      const { origin } = callerOf(context);
      const results = [];
      // One after the other, as each may build on the one before.
      for (const message of entries) {
        try {
          const entry = await update(registry, message, inputMask, origin);
          results.push({ status: okStatus, entry: entryToProto(entry, outputMask) });
        } catch (error) {
          results.push({ status: statusOf(worded(error, wordings)) });
        }
      }
      return { results };
    },

    async batchDeleteEntry({ ids }, context) {
      checkBatch(ids);
      const { origin } = callerOf(context);
      const results = ids.map(async (id) => {
        try {
          await registry.deleteEntry(existing(registry, id).id, origin);
          return { status: okStatus, id };
        } catch (error) {
          return { status: statusOf(worded(error, wordings)), id };
        }
      });
      return { results: await Promise.all(results) };
    },

    async getAuthorizedEntries({ outputMask }, context) {
      const entries = registry.authorizedEntries(agentOf(context).id);
      return { entries: entries.map((entry) => entryToProto(entry, outputMask)) };
    },

    syncAuthorizedEntries(requests, context) {
      const { id } = agentOf(context);
      return syncEntries(requests, () => registry.authorizedEntries(id));
    },
  };
}

/** Sorted by id. Size 0 asks for all there are. */
async function list(
  registry: Registry,
  { filter, outputMask, pageSize, pageToken }: ListEntriesRequest,
): Promise<MessageInitShape<typeof ListEntriesResponseSchema>> {
  if (pageSize < 0) throw new SignetError('api.page_size');
  const query = queryOf(filter);
  const scope = ['entries', query];
  const after = openPageToken(scope, pageToken);
  const size = pageSize === 0 ? maxListed : Math.min(pageSize, maxListed);
  const found: Entry[] = [];
  for await (const entry of findEntries(registry.reader, query, after)) {
    if (found.length === size) {
      const last = found.at(-1)?.id ?? '';
      return { entries: toProto(found), nextPageToken: sealPageToken(scope, last) };
    }
    found.push(entry);
  }
  return { entries: toProto(found) };

  function toProto(entries: readonly Entry[]) {
    return entries.map((entry) => entryToProto(entry, outputMask));
  }
}

/** With a mask the fields it leaves out stay, so nobody may have changed them meanwhile. */
async function update(
  registry: Registry,
  message: EntryMessage,
  mask: BatchUpdateEntryRequest['inputMask'],
  origin: Origin,
): Promise<Entry> {
  const before = existing(registry, message.id);
  const isMerged = mask !== undefined;
  const fields = isMerged ? mergedFields(before, message, mask) : fieldsFromProto(message);
  const revision = isMerged ? before.revision : undefined;
  return (await registry.updateEntry(before.id, fields, revision, origin)).result;
}

function existing(registry: Registry, id: string): Entry {
  if (id === '') throw new SignetError('api.missing_entry_id');
  const entry = registry.entry(id);
  if (entry === undefined) throw new SignetError('entry.not_found');
  return entry;
}

/** The entry that stands in the way of a new one. */
function twinOf(registry: Registry, error: unknown): Entry | undefined {
  if (!(error instanceof SignetError) || error.reason !== 'entry.exists') return undefined;
  const { id } = error.details;
  return typeof id === 'string' ? registry.entry(id) : undefined;
}

function checkBatch(items: readonly unknown[]): void {
  if (items.length > maxItems) throw new SignetError('api.batch_size');
}

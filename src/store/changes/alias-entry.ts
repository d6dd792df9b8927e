// The second name of an agent: an entry for the ID that its join token stated, which the agent itself
// is served by, and which goes when the agent goes.
import { randomUUID } from 'node:crypto';
import type { Entry, EntryDraft } from '../../registry/entry.ts';
import { selector } from '../../spiffe/selector.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import type { Sql } from '../sql.ts';
import type { Consequence, Context } from './change.ts';
import { findTwin, insertEntry, writtenLeaf } from './entry-rows.ts';

/** Nothing if there is such an entry already. */
export async function createAlias(
  sql: Sql,
  agentId: SpiffeId,
  alias: SpiffeId,
  context: Context,
): Promise<{ leaf: Uint8Array; consequence: Consequence } | undefined> {
  const draft: EntryDraft = {
    spiffeId: alias,
    parentId: agentId,
    selectors: [selector('spiffe_id', agentId)],
    x509SvidTtlSeconds: 0,
    jwtSvidTtlSeconds: 0,
    federatesWith: [],
    dnsNames: [],
    admin: false,
    downstream: false,
    storeSvid: false,
    hint: '',
    expiresAt: 0,
  };
  if ((await findTwin(sql, draft)) !== undefined) return undefined;
  const createdAt = Math.floor(context.nowMs / 1000);
  const entry: Entry = { ...draft, id: randomUUID(), revision: 0, createdAt };
  await insertEntry(sql, entry, agentId);
  return {
    leaf: writtenLeaf('entry.created', entry, context),
    consequence: { kind: 'entry.create', input: draft, result: entry },
  };
}

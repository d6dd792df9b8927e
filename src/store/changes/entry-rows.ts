// Reads and writes entries for the changes that touch them.
import { createHash } from 'node:crypto';
import type { CanonicalObject } from '../../audit/canonical-json.ts';
import { SignetError } from '../../runtime/errors.ts';
import type { Entry, EntryDraft } from '../../registry/entry.ts';
import { entryOf, type EntryRow, type EntrySettings, type SelectorRow } from '../rows.ts';
import type { Sql } from '../sql.ts';
import { type Context, leafOf, leafWithin } from './change.ts';

/** @throws SignetError `entry.not_found` */
export async function readEntry(sql: Sql, id: string): Promise<Entry> {
  const row = await sql<EntryRow>('entry').where({ id }).first();
  if (row === undefined) throw new SignetError('entry.not_found');
  const selectors = await sql<SelectorRow>('entry_selector').where({ owner: id });
  return entryOf(
    row,
    selectors.map(({ selector }) => selector),
  );
}

/** The id of the other entry for the same ID, parent and selectors, if there is one. */
export async function findTwin(
  sql: Sql,
  draft: EntryDraft,
  ownId?: string,
): Promise<string | undefined> {
  const twins = await sql<EntryRow>('entry').where(identityOf(draft));
  return twins.find(({ id }) => id !== ownId)?.id;
}

/** @param madeBy the agent whose join token made it */
export async function insertEntry(sql: Sql, entry: Entry, madeBy?: string): Promise<void> {
  await sql<EntryRow>('entry').insert({ ...columnsOf(entry), made_by: madeBy ?? null });
  await insertSelectors(sql, entry);
}

export async function replaceEntry(sql: Sql, entry: Entry): Promise<void> {
  await sql<EntryRow>('entry').where({ id: entry.id }).update(columnsOf(entry));
  await sql<SelectorRow>('entry_selector').where({ owner: entry.id }).delete();
  await insertSelectors(sql, entry);
}

export async function deleteEntry(sql: Sql, id: string): Promise<void> {
  await sql<SelectorRow>('entry_selector').where({ owner: id }).delete();
  await sql<EntryRow>('entry').where({ id }).delete();
}

/** The leaf that says what an entry lets somebody have from now on. */
export function writtenLeaf(
  t: 'entry.created' | 'entry.updated',
  entry: Entry,
  context: Context,
): Uint8Array {
  const named = { t, ...nameOf(entry) };
  const terms = {
    selectors: entry.selectors,
    dns_names: entry.dnsNames,
    federates_with: entry.federatesWith,
    x509_ttl: entry.x509SvidTtlSeconds,
    jwt_ttl: entry.jwtSvidTtlSeconds,
    admin: entry.admin,
    downstream: entry.downstream,
    store_svid: entry.storeSvid,
    hint: entry.hint,
    expires_at: entry.expiresAt,
  } satisfies CanonicalObject;
  return leafWithin(
    { ...named, ...terms },
    terms,
    (hash) => ({ ...named, entry_c: hash }),
    context,
  );
}

export function deletedLeaf(entry: Entry, context: Context): Uint8Array {
  return leafOf({ t: 'entry.deleted', ...nameOf(entry) }, context);
}

function nameOf({ id, revision, spiffeId, parentId }: Entry) {
  return { entry: `${id}:${revision}`, spiffe_id: spiffeId, parent: parentId };
}

async function insertSelectors(sql: Sql, { id, selectors }: Entry): Promise<void> {
  for (const selector of selectors) {
    await sql<SelectorRow>('entry_selector').insert({ owner: id, selector });
  }
}

function columnsOf(entry: Entry): Omit<EntryRow, 'made_by'> {
  const settings: EntrySettings = {
    x509SvidTtlSeconds: entry.x509SvidTtlSeconds,
    jwtSvidTtlSeconds: entry.jwtSvidTtlSeconds,
    federatesWith: entry.federatesWith,
    dnsNames: entry.dnsNames,
    admin: entry.admin,
    storeSvid: entry.storeSvid,
    expiresAt: entry.expiresAt,
  };
  return {
    id: entry.id,
    ...identityOf(entry),
    settings: JSON.stringify(settings),
    hint: entry.hint,
    // better-sqlite3 binds no booleans; knex makes 1 and 0 of them.
    downstream: entry.downstream,
    revision: entry.revision,
    created_at: entry.createdAt,
  };
}

function identityOf({ spiffeId, parentId, selectors }: EntryDraft) {
  const set = JSON.stringify([...new Set(selectors)].toSorted());
  const hash = createHash('sha256').update(set).digest('hex');
  return { spiffe_id: spiffeId, parent_id: parentId, selectors_hash: hash };
}

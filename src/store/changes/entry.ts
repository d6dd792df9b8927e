// Changes of registration entries.
import { randomUUID } from 'node:crypto';
import { SignetError } from '../../runtime/errors.ts';
import type { RegistryChanges } from '../../registry/changes.ts';
import type { Entry } from '../../registry/entry.ts';
import type { EntryRow } from '../rows.ts';
import type { Appliers } from './change.ts';
import {
  deletedLeaf,
  deleteEntry,
  findTwin,
  insertEntry,
  readEntry,
  replaceEntry,
  writtenLeaf,
} from './entry-rows.ts';

export const entryChanges: Appliers<
  Pick<RegistryChanges, 'entry.create' | 'entry.update' | 'entry.delete'>
> = {
  async 'entry.create'(sql, draft, context) {
    const taken =
      draft.id === undefined
        ? undefined
        : await sql<EntryRow>('entry').where({ id: draft.id }).first();
    const id = taken?.id ?? (await findTwin(sql, draft));
    if (id !== undefined) throw new SignetError('entry.exists', { details: { id } });
    const createdAt = Math.floor(context.nowMs / 1000);
    const entry: Entry = { ...draft, id: draft.id ?? randomUUID(), revision: 0, createdAt };
    await insertEntry(sql, entry);
    return { result: entry, leaves: [writtenLeaf('entry.created', entry, context)] };
  },

  async 'entry.update'(sql, { id, draft, revision }, context) {
    const before = await readEntry(sql, id);
    if (revision !== undefined && revision !== before.revision) {
      throw new SignetError('entry.changed', { details: { revision: before.revision } });
    }
    const twin = await findTwin(sql, draft, id);
    if (twin !== undefined) throw new SignetError('entry.exists', { details: { id: twin } });
    const { createdAt } = before;
    const entry: Entry = { ...draft, id, revision: before.revision + 1, createdAt };
    await replaceEntry(sql, entry);
    return { result: entry, leaves: [writtenLeaf('entry.updated', entry, context)] };
  },

  async 'entry.delete'(sql, { id }, context) {
    const entry = await readEntry(sql, id);
    await deleteEntry(sql, id);
    return { result: entry, leaves: [deletedLeaf(entry, context)] };
  },
};

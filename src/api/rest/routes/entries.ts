// /v1/entries
import { Type } from 'typebox';
import type { Entry } from '../../../registry/entry.ts';
import type { EntryFields } from '../../../registry/entry-draft.ts';
import type { EntryFilter } from '../../../registry/reader.ts';
import { SignetError } from '../../../runtime/errors.ts';
import { parseSelector } from '../../../spiffe/selector.ts';
import { parseSpiffeId } from '../../../spiffe/spiffe-id.ts';
import { type App, type RouteContext, stampReceipt } from '../app.ts';
import { etagOf, requiredRevision } from '../etag.ts';
import { listPage } from '../list.ts';
import {
  entryDraftSchema,
  type EntryDraftJson,
  entryJson,
  entryPatchSchema,
  type EntryPatchJson,
  entrySchema,
  expirySeconds,
} from '../wire/entry.ts';
import * as field from '../wire/fields.ts';

const params = field.object({ id: field.entryIdText });

const filterQuery = {
  spiffeId: Type.Optional(field.spiffeIdText),
  parentId: Type.Optional(field.spiffeIdText),
  selector: Type.Optional(
    Type.Array(field.selectorText, { maxItems: 20, description: 'entries that have all of these' }),
  ),
  hint: Type.Optional(Type.String({ maxLength: 1024 })),
  downstream: Type.Optional(Type.Boolean()),
};

export function addEntryRoutes(app: App, context: RouteContext): void {
  const { registry, entries, cursors, originOf } = context;

  app.get(
    '/v1/entries',
    {
      schema: {
        summary: 'List entries, sorted by id',
        tags: ['entries'],
        querystring: field.object({ ...filterQuery, ...field.pageQuery }),
        response: { 200: field.pageOf(entrySchema) },
      },
    },
    async ({ query }) => {
      const { pageSize: _size, cursor: _cursor, ...filters } = query;
      return listPage({
        cursors,
        scope: ['entries', filters],
        query,
        read: (page) => entries.entries(filterOf(filters), page),
        keyOf: ({ id }) => id,
        toJson: entryJson,
      });
    },
  );

  app.post(
    '/v1/entries',
    {
      schema: {
        summary: 'Create an entry',
        tags: ['entries'],
        body: entryDraftSchema,
        response: { 201: entrySchema },
      },
    },
    async (request, reply) => {
      const committed = await registry.createEntry(fieldsOf(request.body), originOf(request));
      stampReceipt(reply, committed);
      const { id, revision } = committed.result;
      reply.code(201).header('location', `/v1/entries/${id}`).header('etag', etagOf(revision));
      return entryJson(committed.result);
    },
  );

  app.get(
    '/v1/entries/:id',
    {
      schema: {
        summary: 'Show an entry',
        tags: ['entries'],
        params,
        response: { 200: entrySchema },
      },
    },
    async (request, reply) => {
      const entry = await existing(request.params.id);
      reply.header('etag', etagOf(entry.revision));
      return entryJson(entry);
    },
  );

  app.patch(
    '/v1/entries/:id',
    {
      schema: {
        summary: 'Change an entry; If-Match names the revision',
        tags: ['entries'],
        params,
        body: entryPatchSchema,
        response: { 200: entrySchema },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const revision = requiredRevision(request.headers['if-match']);
      const before = await existing(id);
      const expected = revision === 'any' ? before.revision : revision;
      const fields = { ...fieldsOfEntry(before), ...fieldsOf(request.body) };
      const committed = await registry.updateEntry(id, fields, expected, originOf(request));
      stampReceipt(reply, committed);
      reply.header('etag', etagOf(committed.result.revision));
      return entryJson(committed.result);
    },
  );

  app.delete(
    '/v1/entries/:id',
    {
      schema: {
        summary: 'Delete an entry; gives what it was',
        tags: ['entries'],
        params,
        response: { 200: entrySchema },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const ifMatch = request.headers['if-match'];
      if (ifMatch !== undefined) {
        const revision = requiredRevision(ifMatch);
        const before = await existing(id);
        if (revision !== 'any' && revision !== before.revision) {
          throw new SignetError('rest.changed');
        }
      }
      const committed = await registry.deleteEntry(id, originOf(request));
      stampReceipt(reply, committed);
      return entryJson(committed.result);
    },
  );

  async function existing(id: string): Promise<Entry> {
    const entry = await entries.entry(id);
    if (entry === undefined) throw new SignetError('entry.not_found');
    return entry;
  }
}

interface Filters {
  readonly spiffeId?: string;
  readonly parentId?: string;
  readonly selector?: readonly string[];
  readonly hint?: string;
  readonly downstream?: boolean;
}

function filterOf({ spiffeId, parentId, selector, hint, downstream }: Filters): EntryFilter {
  return {
    ...(spiffeId === undefined ? {} : { spiffeId: parseSpiffeId(spiffeId) }),
    ...(parentId === undefined ? {} : { parentId: parseSpiffeId(parentId) }),
    ...(selector === undefined
      ? {}
      : { selectors: { match: 'superset', selectors: selector.map(parseSelector) } }),
    ...(hint === undefined ? {} : { hint }),
    ...(downstream === undefined ? {} : { downstream }),
  };
}

function fieldsOf(json: EntryDraftJson): EntryFields;
function fieldsOf(json: EntryPatchJson): Partial<EntryFields>;
function fieldsOf({ expiresAt, ...members }: EntryPatchJson): Partial<EntryFields> {
  return expiresAt === undefined ? members : { ...members, expiresAt: expirySeconds(expiresAt) };
}

function fieldsOfEntry(entry: Entry): EntryFields {
  const { id: _id, revision: _revision, createdAt: _createdAt, ...fields } = entry;
  return fields;
}

// Entries as JSON.
import { type Static, Type } from 'typebox';
import type { Entry } from '../../../registry/entry.ts';
import * as field from './fields.ts';

const settings = {
  x509SvidTtlSeconds: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 86_400, description: '0 for the default of the server' }),
  ),
  jwtSvidTtlSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 86_400 })),
  federatesWith: Type.Optional(Type.Array(Type.String({ maxLength: 255 }), { maxItems: 100 })),
  dnsNames: Type.Optional(Type.Array(Type.String({ maxLength: 253 }), { maxItems: 100 })),
  admin: Type.Optional(Type.Boolean()),
  downstream: Type.Optional(Type.Boolean()),
  storeSvid: Type.Optional(Type.Boolean()),
  hint: Type.Optional(Type.String({ maxLength: 1024 })),
  expiresAt: Type.Optional(
    Type.Union([field.time, Type.Null()], { description: 'null for never, which is the default' }),
  ),
};

const selectors = Type.Array(field.selectorText, {
  minItems: 1,
  maxItems: 100,
  description: 'all of them must be attested',
});

export const entryDraftSchema = field.object(
  {
    spiffeId: field.spiffeIdText,
    parentId: field.spiffeIdText,
    selectors,
    ...settings,
  },
  'A new entry: which workloads may have which SPIFFE ID.',
);

export const entryPatchSchema = field.object(
  {
    spiffeId: Type.Optional(field.spiffeIdText),
    parentId: Type.Optional(field.spiffeIdText),
    selectors: Type.Optional(selectors),
    ...settings,
  },
  'What is given replaces what was; what is left out stays.',
);

export const entrySchema = field.object({
  id: field.entryIdText,
  revision: Type.Integer({ minimum: 0 }),
  createdAt: field.time,
  spiffeId: field.spiffeIdText,
  parentId: field.spiffeIdText,
  selectors: Type.Array(field.selectorText),
  x509SvidTtlSeconds: field.ttlSeconds,
  jwtSvidTtlSeconds: field.ttlSeconds,
  federatesWith: Type.Array(Type.String()),
  dnsNames: Type.Array(Type.String()),
  admin: Type.Boolean(),
  downstream: Type.Boolean(),
  storeSvid: Type.Boolean(),
  hint: Type.String(),
  expiresAt: Type.Union([field.time, Type.Null()]),
});

export type EntryDraftJson = Static<typeof entryDraftSchema>;
export type EntryPatchJson = Static<typeof entryPatchSchema>;
export type EntryJson = Static<typeof entrySchema>;

export function entryJson(entry: Entry): EntryJson {
  return {
    id: entry.id,
    revision: entry.revision,
    createdAt: field.formatSeconds(entry.createdAt),
    spiffeId: entry.spiffeId,
    parentId: entry.parentId,
    selectors: [...entry.selectors],
    x509SvidTtlSeconds: entry.x509SvidTtlSeconds,
    jwtSvidTtlSeconds: entry.jwtSvidTtlSeconds,
    federatesWith: [...entry.federatesWith],
    dnsNames: [...entry.dnsNames],
    admin: entry.admin,
    downstream: entry.downstream,
    storeSvid: entry.storeSvid,
    hint: entry.hint,
    expiresAt: entry.expiresAt === 0 ? null : field.formatSeconds(entry.expiresAt),
  };
}

/** Unix seconds, 0 for never; for `parseEntryDraft`. */
export function expirySeconds(expiresAt: string | null): number {
  return expiresAt === null ? 0 : Math.floor(field.parseTime(expiresAt) / 1000);
}

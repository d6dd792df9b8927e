// Registration entries as SPIRE's messages carry them, and back (spire-api B1, D4).
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  type Entry as EntryMessage,
  type EntryMask,
  EntrySchema,
} from '../../gen/spire/api/types/entry_pb.js';
import type { Entry } from '../../registry/entry.ts';
import type { EntryFields } from '../../registry/entry-draft.ts';
import { SignetError } from '../../runtime/errors.ts';
import { idFromProto, idToProto, selectorFromProto, selectorToProto } from './convert-id.ts';
import { masked } from './masks.ts';

/** More selectors are not looked at: the registry takes fewer. */
const maxSelectors = 1000;

/**
 * spire.api.types.Entry. The id is there whatever the mask says.
 *
 * @param mask all fields without one
 */
export function entryToProto(entry: Entry, mask?: EntryMask): MessageInitShape<typeof EntrySchema> {
  const fields = {
    spiffeId: idToProto(entry.spiffeId),
    parentId: idToProto(entry.parentId),
    selectors: entry.selectors.map(selectorToProto),
    x509SvidTtl: entry.x509SvidTtlSeconds,
    federatesWith: [...entry.federatesWith],
    admin: entry.admin,
    downstream: entry.downstream,
    expiresAt: BigInt(entry.expiresAt),
    dnsNames: [...entry.dnsNames],
    revisionNumber: BigInt(entry.revision),
    storeSvid: entry.storeSvid,
    jwtSvidTtl: entry.jwtSvidTtlSeconds,
    hint: entry.hint,
    createdAt: BigInt(entry.createdAt),
  };
  return { id: entry.id, ...masked(fields, mask) };
}

/**
 * What an admin states; the rules of the fields are the registry's.
 *
 * @throws SignetError `api.missing_id`, `api.id_path`, `api.entry_attributes`, `entry.selectors`,
 * `spiffe_id.*`, `trust_domain.*`, `selector.*`
 */
export function fieldsFromProto(message: EntryMessage): EntryFields {
  const { additionalAttributes: more } = message;
  if (more?.disableX509SvidPrefetch === true || more?.jwtSvidIncludeJti === true) {
    throw new SignetError('api.entry_attributes');
  }
  if (message.selectors.length > maxSelectors) throw new SignetError('entry.selectors');
  return {
    ...(message.id === '' ? {} : { id: message.id }),
    spiffeId: idFromProto(message.spiffeId),
    parentId: idFromProto(message.parentId),
    selectors: message.selectors.map(selectorFromProto),
    x509SvidTtlSeconds: message.x509SvidTtl,
    jwtSvidTtlSeconds: message.jwtSvidTtl,
    federatesWith: message.federatesWith,
    dnsNames: message.dnsNames,
    admin: message.admin,
    downstream: message.downstream,
    storeSvid: message.storeSvid,
    hint: message.hint,
    expiresAt: Number(message.expiresAt),
  };
}

/**
 * An update of the fields that the mask names; the others stay as they are, whatever the message holds
 * in their place.
 *
 * @throws SignetError as `fieldsFromProto` does
 */
export function mergedFields(entry: Entry, message: EntryMessage, mask: EntryMask): EntryFields {
  const before = create(EntrySchema, entryToProto(entry));
  return fieldsFromProto({ ...before, ...masked(message, fieldsOf(mask)) });
}

/** Without what belongs to the mask as a message: its type has the names of the message's own. */
function fieldsOf({ $typeName: _type, $unknown: _unknown, ...fields }: EntryMask) {
  return fields;
}

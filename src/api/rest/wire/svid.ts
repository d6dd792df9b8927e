// Certificates that were issued, as the log has them, and requests for new ones, as JSON.
import { type Static, Type } from 'typebox';
import { decodeLeaf, deriveColumns } from '../../../audit/columns.ts';
import type { LogEntry } from '../../../audit/log-reader.ts';
import * as field from './fields.ts';

export const svidSchema = field.object({
  logIndex: field.logIndex,
  spiffeId: field.spiffeIdText,
  serial: field.hex,
  notBefore: field.time,
  notAfter: field.time,
  issuedAt: field.time,
  authorityId: field.hex,
  profile: Type.String(),
  /** `id:revision`; absent for agents and what was minted. */
  entry: Type.Optional(Type.String()),
  node: Type.Optional(field.spiffeIdText),
  attestor: Type.Optional(Type.String()),
  actor: Type.Optional(Type.String()),
  certificateHash: Type.String({ description: 'SHA-256 of DER, base64url' }),
});

export type SvidJson = Static<typeof svidSchema>;

/** Unix seconds of an `x509.issued` leaf. */
export interface Validity {
  readonly notBefore: number;
  readonly notAfter: number;
}

/** @throws SignetError `leaf.malformed` */
export function validityOf({ data }: LogEntry): Validity {
  const { nb, na } = deriveColumns(Buffer.from(data));
  return { notBefore: nb ?? 0, notAfter: na ?? 0 };
}

/** @throws SignetError `leaf.malformed` */
export function svidJson(logEntry: LogEntry): SvidJson {
  const leaf = Buffer.from(logEntry.data);
  const event = decodeLeaf(leaf);
  const { ts, serial, ca, spiffe_id, nb, na, node, attestor, actor } = deriveColumns(leaf);
  const { entry, profile, cert } = event;
  return {
    logIndex: logEntry.index,
    spiffeId: spiffe_id ?? '',
    serial: serial ?? '',
    notBefore: field.formatSeconds(nb ?? 0),
    notAfter: field.formatSeconds(na ?? 0),
    issuedAt: field.formatMs(ts),
    authorityId: ca ?? '',
    profile: typeof profile === 'string' ? profile : '',
    ...(typeof entry === 'string' ? { entry } : {}),
    ...(node === null ? {} : { node }),
    ...(attestor === null ? {} : { attestor }),
    ...(actor === null ? {} : { actor }),
    certificateHash: typeof cert === 'string' ? cert : '',
  };
}

export const mintRequestSchema = field.object({
  spiffeId: field.spiffeIdText,
  csr: Type.String({ ...field.base64url, description: 'PKCS #10 DER, base64url, naming the ID' }),
  dnsNames: Type.Optional(Type.Array(Type.String({ maxLength: 253 }), { maxItems: 100 })),
  ttlSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 86_400 })),
});

export const mintedSchema = field.object({
  spiffeId: field.spiffeIdText,
  serial: field.hex,
  notBefore: field.time,
  notAfter: field.time,
  chain: Type.Array(Type.String(), { description: 'DER, base64url; the leaf first, no root' }),
  bundle: Type.Array(Type.String(), { description: 'roots to trust, DER, base64url' }),
});

// Authorities as JSON.
import { type Static, Type } from 'typebox';
import type { Authority } from '../../../ca/authority.ts';
import * as field from './fields.ts';

export const authoritySchema = field.object({
  id: field.hex,
  role: Type.Enum(['root', 'issuer']),
  state: Type.Enum(['prepared', 'active', 'retiring', 'retired', 'tainted', 'revoked']),
  parentId: field.hex,
  notBefore: field.time,
  notAfter: field.time,
  createdAt: field.time,
  certificate: Type.String({ description: 'DER, base64url' }),
});

export type AuthorityJson = Static<typeof authoritySchema>;

export function authorityJson(authority: Authority): AuthorityJson {
  return {
    id: authority.id,
    role: authority.role,
    state: authority.state,
    parentId: authority.parentId,
    notBefore: field.formatSeconds(authority.notBefore),
    notAfter: field.formatSeconds(authority.notAfter),
    createdAt: field.formatMs(authority.createdAt),
    certificate: field.encodeBytes(authority.certificate),
  };
}

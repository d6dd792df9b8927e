// Rows of authorities, and what they mean.
import type { Authority, AuthorityRole, AuthorityState } from '../ca/authority.ts';
import { SignetError } from '../runtime/errors.ts';

export interface AuthorityRow {
  readonly id: string;
  readonly role: string;
  readonly state: string;
  readonly parent_id: string;
  readonly certificate: Uint8Array;
  readonly not_before: number | string;
  readonly not_after: number | string;
  readonly created_at: number | string;
}

/** The one row of table `bundle`. */
export interface BundleRow {
  readonly id: number;
  readonly sequence: number | string;
}

const roles: readonly AuthorityRole[] = ['root', 'issuer'];
const states: readonly AuthorityState[] = [
  'prepared',
  'active',
  'retiring',
  'retired',
  'tainted',
  'revoked',
];

export function authorityOf(row: AuthorityRow): Authority {
  const role = roles.find((known) => known === row.role);
  const state = states.find((known) => known === row.state);
  if (role === undefined || state === undefined) throw new SignetError('internal');
  return {
    id: row.id,
    role,
    state,
    parentId: row.parent_id,
    certificate: Uint8Array.from(row.certificate),
    notBefore: Number(row.not_before),
    notAfter: Number(row.not_after),
    createdAt: Number(row.created_at),
  };
}

/** Whether verifiers are told to trust it. */
export function isInBundle({ role, state }: Pick<Authority, 'role' | 'state'>): boolean {
  return role === 'root' && state !== 'retired' && state !== 'revoked';
}

// Authorities: the certificates that sign others, each with its place in the hierarchy and its state.

/** Roots are in the bundle and sign issuers; issuers sign SVIDs. */
export type AuthorityRole = 'root' | 'issuer';

/** `prepared -> active -> retiring -> retired`; from each of them `tainted`, and from there `revoked`. */
export type AuthorityState = 'prepared' | 'active' | 'retiring' | 'retired' | 'tainted' | 'revoked';

export interface Authority {
  /** Subject key identifier, 40 characters of lower-case hex: SPIRE's authority_id. */
  readonly id: string;
  readonly role: AuthorityRole;
  readonly state: AuthorityState;
  /** Id of the authority that signed it; its own id for a self-signed root. */
  readonly parentId: string;
  /** DER. */
  readonly certificate: Uint8Array;
  /** Unix seconds. */
  readonly notBefore: number;
  /** Unix seconds. */
  readonly notAfter: number;
  /** Unix milliseconds. */
  readonly createdAt: number;
}

/** Whether verifiers are told to trust it. */
export function isInBundle({ role, state }: Pick<Authority, 'role' | 'state'>): boolean {
  return role === 'root' && state !== 'retired' && state !== 'revoked';
}

/** Whether it has not ended at `at`, Unix seconds. That it may not have begun yet is for verifiers. */
export function isAlive({ notAfter }: Pick<Authority, 'notAfter'>, at: number): boolean {
  return at < notAfter;
}

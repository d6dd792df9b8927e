// Reads authorities and the sequence of the bundle.
import type { AuthorityReader } from '../../ca/changes.ts';
import { authorityOf, type AuthorityRow, type BundleRow } from '../authority-rows.ts';
import type { Sql } from '../sql.ts';

export function authorityReader(sql: Sql): AuthorityReader {
  return {
    async authorities() {
      const rows = await sql<AuthorityRow>('authority').orderBy(['created_at', 'id']);
      return rows.map(authorityOf);
    },
    async bundleSequence() {
      const row = await sql<BundleRow>('bundle').where({ id: 1 }).first();
      return Number(row?.sequence ?? 0);
    },
  };
}

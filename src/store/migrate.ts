// Brings the schema to the version that this program was written for, and refuses a newer one.
import { migrations } from '../../migrations/index.ts';
import type { MigrationTarget } from '../../migrations/migration.ts';
import { SignetError } from '../runtime/errors.ts';
import type { Sql } from './sql.ts';

interface VersionRow {
  readonly version: number;
  readonly name: string;
}

/**
 * Runs the steps that are missing. The caller holds a transaction open around it.
 *
 * @throws SignetError `store.schema` if a newer program has been here
 */
export async function migrate(
  sql: Sql,
  target: MigrationTarget,
  steps = migrations,
): Promise<void> {
  if (!(await target.schema().hasTable('schema_version'))) {
    await target.schema().createTable('schema_version', (table) => {
      table.integer('version').primary();
      table.text('name').notNullable();
    });
  }
  const done = await sql<VersionRow>('schema_version').orderBy('version');
  const found = done.at(-1)?.version ?? 0;
  const known = steps.at(-1)?.version ?? 0;
  if (found > known) throw new SignetError('store.schema', { details: { found, known } });
  for (const step of steps.filter(({ version }) => version > found)) {
    await step.up(target);
    await sql<VersionRow>('schema_version').insert({ version: step.version, name: step.name });
  }
}

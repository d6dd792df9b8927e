// What a migration is. Steps are written with knex's schema builder, so that they run on SQLite and
// PostgreSQL alike; a step that was released is never edited, only followed by another.
import type { Knex } from 'knex';

export interface Migration {
  /** Rises by one from step to step. */
  readonly version: number;
  readonly name: string;
  /** Runs inside a transaction, after all earlier steps. */
  up(schema: MigrationTarget): Promise<void>;
}

export interface MigrationTarget {
  /** Builders are used once, hence a function. */
  readonly schema: () => Knex.SchemaBuilder;
  readonly raw: (sql: string) => Promise<unknown>;
  readonly dialect: 'sqlite' | 'postgres';
}

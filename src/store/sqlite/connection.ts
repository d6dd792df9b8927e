// One SQLite connection, used both by knex, for changes and queries, and by prepared statements, for
// the log. Knex's pool has this one connection and never closes it before we do.
import Database from 'better-sqlite3';
import knex, { type Knex } from 'knex';
import type { MigrationTarget } from '../../../migrations/migration.ts';
import type { Sql } from '../sql.ts';

export interface Connection {
  readonly database: Database.Database;
  readonly sql: Sql;
  readonly migrations: MigrationTarget;
  close(): Promise<void>;
}

const commonPragmas = ['foreign_keys = ON', 'cache_size = -32000'];
const writerPragmas = ['journal_mode = WAL', 'synchronous = FULL', 'wal_autocheckpoint = 4000'];

/** Opens a file for the only writer, and creates it if need be. */
export function openWriter(file: string): Promise<Connection> {
  return open(file, {}, [...commonPragmas, ...writerPragmas]);
}

/** Opens a file that cannot be written through this connection. */
export function openReader(file: string): Promise<Connection> {
  return open(file, { readonly: true, fileMustExist: true }, [...commonPragmas, 'query_only = ON']);
}

async function open(
  file: string,
  options: Database.Options,
  pragmas: readonly string[],
): Promise<Connection> {
  const database = new Database(file, { timeout: 1000, ...options });
  try {
    for (const pragma of pragmas) database.pragma(pragma);
  } catch (error) {
    database.close();
    throw error;
  }
  const builder = knex({
    client: 'better-sqlite3',
    connection: { filename: ':memory:' },
    useNullAsDefault: true,
  });
  const bound = <B extends Knex.ChainableInterface>(query: B): B => query.connection(database);
  return {
    database,
    sql: (table) => bound(builder(table)),
    migrations: {
      schema: () => bound(builder.schema),
      raw: (sql) => bound(builder.raw(sql)),
      dialect: 'sqlite',
    },
    async close() {
      await builder.destroy();
      database.close();
    },
  };
}

// The log: its shard, head, entries, full tiles and checkpoints. Entries, tiles and checkpoints are
// written once; triggers refuse to change or delete them.
import type { Knex } from 'knex';
import type { Migration, MigrationTarget } from './migration.ts';

export const log: Migration = {
  version: 1,
  name: 'log',
  async up(target) {
    const { schema, raw } = target;
    await schema().createTable('log_shard', (table) => {
      table.integer('shard').primary();
      table.text('origin').notNullable().unique();
      table.bigInteger('opened_at').notNullable();
      table.bigInteger('closed_size');
      table.text('closed_note');
    });
    await schema().createTable('log_head', (table) => {
      table.integer('shard').primary().references('shard').inTable('log_shard');
      table.bigInteger('size').notNullable();
      table.binary('root').notNullable();
      // The compact range, 32 bytes for each perfect subtree.
      table.binary('range').notNullable();
      // Rises whenever a writer takes over, so that the one before is fenced off.
      table.bigInteger('epoch').notNullable();
      table.bigInteger('min_index').notNullable().defaultTo(0);
    });
    await schema().createTable('log_entry', entryColumns);
    // The last line of defence for serials, and how a certificate is found.
    await raw(
      "CREATE UNIQUE INDEX e_serial ON log_entry (serial, ca) WHERE kind IN ('x509.issued', 'ca.cert.issued')",
    );
    await schema().createTable('log_tile', (table) => {
      table.integer('shard').notNullable();
      table.integer('level').notNullable();
      table.bigInteger('n').notNullable();
      table.binary('data').notNullable();
      table.primary(['shard', 'level', 'n']);
    });
    await schema().createTable('checkpoint', (table) => {
      table.integer('shard').notNullable();
      table.bigInteger('size').notNullable();
      table.binary('root').notNullable();
      table.text('note').notNullable();
      table.bigInteger('created').notNullable();
      table.primary(['shard', 'size']);
    });
    for (const name of ['log_entry', 'log_tile', 'checkpoint']) await freeze(target, name);
  },
};

function entryColumns(table: Knex.CreateTableBuilder): void {
  table.integer('shard').notNullable();
  table.bigInteger('idx').notNullable();
  table.binary('leaf_hash').notNullable();
  // Null only after lawful erasure.
  table.binary('body');
  table.text('kind').notNullable();
  table.bigInteger('ts').notNullable();
  for (const name of ['actor', 'req', 'serial', 'ca', 'spiffe_id']) table.text(name);
  table.bigInteger('nb');
  table.bigInteger('na');
  for (const name of ['node', 'attestor', 'spki', 'target']) table.text(name);
  table.primary(['shard', 'idx']);
}

/** Makes a mistake fail. It does not stop an attacker, whom the verifier finds. */
async function freeze({ raw, dialect }: MigrationTarget, table: string): Promise<void> {
  for (const event of ['UPDATE', 'DELETE']) {
    const name = `${table}_no_${event.toLowerCase()}`;
    if (dialect === 'sqlite') {
      await raw(
        `CREATE TRIGGER ${name} BEFORE ${event} ON ${table} BEGIN SELECT RAISE(ABORT, 'append only'); END`,
      );
    } else {
      await raw(
        `CREATE OR REPLACE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'append only'; END $$`,
      );
      await raw(
        `CREATE TRIGGER ${name} BEFORE ${event} ON ${table} FOR EACH ROW EXECUTE FUNCTION append_only()`,
      );
    }
  }
}

// What the log is searched by: one list of indexes for each term, such as `node` and an ID. It is a
// projection that lags behind the entries and can be built again from them.
import type { Migration } from './migration.ts';

export const logIndex: Migration = {
  version: 2,
  name: 'log-index',
  async up({ schema }) {
    await schema().createTable('log_term', (table) => {
      table.increments('id');
      table.text('name').notNullable();
      table.text('value').notNullable();
      table.unique(['name', 'value']);
    });
    await schema().createTable('log_posting', (table) => {
      table.bigInteger('term').notNullable();
      table.bigInteger('idx').notNullable();
      table.primary(['term', 'idx']);
    });
    await schema().createTable('log_indexed', (table) => {
      table.integer('shard').primary();
      // Entries below this index are in the lists.
      table.bigInteger('size').notNullable();
    });
  },
};

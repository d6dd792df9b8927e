// Authorities, and how often the bundle of roots has changed.
import type { Migration } from './migration.ts';

export const authorities: Migration = {
  version: 4,
  name: 'authorities',
  async up({ schema }) {
    await schema().createTable('authority', (table) => {
      table.text('id').primary();
      table.text('role').notNullable();
      table.text('state').notNullable();
      table.text('parent_id').notNullable();
      table.binary('certificate').notNullable();
      table.bigInteger('not_before').notNullable();
      table.bigInteger('not_after').notNullable();
      table.bigInteger('created_at').notNullable();
    });
    await schema().createTable('bundle', (table) => {
      table.integer('id').primary();
      table.bigInteger('sequence').notNullable();
    });
  },
};

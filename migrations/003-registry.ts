// Entries, agents and join tokens. Selectors have their own rows, so that they can be matched as sets.
import type { Migration } from './migration.ts';

export const registry: Migration = {
  version: 3,
  name: 'registry',
  async up({ schema }) {
    await schema().createTable('entry', (table) => {
      table.text('id').primary();
      table.text('spiffe_id').notNullable().index();
      table.text('parent_id').notNullable().index();
      // SHA-256 of the set of selectors, in hex.
      table.text('selectors_hash').notNullable();
      // JSON of the EntryDraft's other fields.
      table.text('settings').notNullable();
      table.text('hint').notNullable();
      table.boolean('downstream').notNullable();
      table.bigInteger('revision').notNullable();
      table.bigInteger('created_at').notNullable();
      // SPIFFE ID of the agent whose join token made it.
      table.text('made_by').index();
      table.unique(['spiffe_id', 'parent_id', 'selectors_hash']);
    });
    await schema().createTable('entry_selector', (table) => {
      table.text('owner').notNullable().references('id').inTable('entry').onDelete('CASCADE');
      table.text('selector').notNullable();
      table.primary(['owner', 'selector']);
      table.index(['selector', 'owner']);
    });
    await schema().createTable('agent', (table) => {
      table.text('id').primary();
      table.text('attestation_type').notNullable();
      table.boolean('banned').notNullable();
      table.text('serial').notNullable();
      table.text('pending_serial');
      table.bigInteger('expires_at').notNullable();
      table.boolean('can_reattest').notNullable();
      table.text('version').notNullable();
      table.bigInteger('attested_at').notNullable();
    });
    await schema().createTable('agent_selector', (table) => {
      table.text('owner').notNullable().references('id').inTable('agent').onDelete('CASCADE');
      table.text('selector').notNullable();
      table.primary(['owner', 'selector']);
      table.index(['selector', 'owner']);
    });
    await schema().createTable('join_token', (table) => {
      // SHA-256 of the secret, in hex; the secret is nowhere.
      table.text('hash').primary();
      table.bigInteger('expires_at').notNullable();
      table.text('agent_id');
    });
  },
};

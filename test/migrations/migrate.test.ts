import { describe, expect, it, onTestFinished } from 'vitest';
import { migrations } from '../../migrations/index.ts';
import type { Migration } from '../../migrations/migration.ts';
import { openWriter } from '../../src/store/sqlite/connection.ts';
import { migrate } from '../../src/store/migrate.ts';
import { databaseFile, reasonFrom } from '../store/builders.ts';

async function connected() {
  const connection = await openWriter(databaseFile());
  onTestFinished(() => connection.close());
  const names = () =>
    connection.database
      .prepare<[], string>("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
      .pluck()
      .all()
      .filter((name) => !name.startsWith('sqlite_'));
  const run = (steps?: readonly Migration[]) =>
    migrate(connection.sql, connection.migrations, steps);
  return { ...connection, names, run };
}

describe('migrate', () => {
  it('makes the schema step by step, and writes down each', async () => {
    const { names, run, sql } = await connected();
    await run();
    expect(names()).toEqual([
      'agent',
      'agent_selector',
      'authority',
      'bundle',
      'checkpoint',
      'entry',
      'entry_selector',
      'join_token',
      'log_entry',
      'log_head',
      'log_indexed',
      'log_posting',
      'log_shard',
      'log_term',
      'log_tile',
      'schema_version',
    ]);
    const done = await sql<{ version: number; name: string }>('schema_version').orderBy('version');
    expect(done).toEqual(migrations.map(({ version, name }) => ({ version, name })));
  });

  it('numbers its steps without a gap', () => {
    expect(migrations.map(({ version }) => version)).toEqual(migrations.map((_, at) => at + 1));
  });

  it('does nothing where all is done', async () => {
    const { run, names } = await connected();
    await run();
    const before = names();
    await run();
    expect(names()).toEqual(before);
  });

  it('takes up where an older program has stopped', async () => {
    const { run, names } = await connected();
    await run(migrations.slice(0, 2));
    expect(names()).not.toContain('entry');
    await run();
    expect(names()).toContain('entry');
  });

  it('leaves nothing of a step that fails, if its transaction is rolled back', async () => {
    const { run, names, database } = await connected();
    await run(migrations.slice(0, 1));
    const before = names();
    const failing: Migration = {
      version: 2,
      name: 'failing',
      async up({ schema }) {
        await schema().createTable('half', (table) => table.integer('id'));
        throw new RangeError('halfway');
      },
    };
    database.exec('BEGIN IMMEDIATE');
    await expect(run([...migrations.slice(0, 1), failing])).rejects.toThrow(RangeError);
    database.exec('ROLLBACK');
    expect(names()).toEqual(before);
  });

  it('refuses the schema of a newer program', async () => {
    const { run } = await connected();
    await run();
    expect(await reasonFrom(run(migrations.slice(0, 3)))).toBe('store.schema');
  });

  it('makes an index that finds a certificate by its serial', async () => {
    const { run, database } = await connected();
    await run();
    const plan = database
      .prepare<[string], { detail: string }>(
        `EXPLAIN QUERY PLAN SELECT * FROM log_entry
         WHERE serial = ? AND kind IN ('x509.issued', 'ca.cert.issued') ORDER BY idx DESC`,
      )
      .all('0a');
    expect(plan.map(({ detail }) => detail).join()).toContain('USING INDEX e_serial');
  });
});

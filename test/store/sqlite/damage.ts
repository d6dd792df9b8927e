// An attacker with full write access to the file, who begins by dropping the triggers.
import Database from 'better-sqlite3';

/** Runs SQL on a closed store's file. */
export function tamper(file: string, change: (database: Database.Database) => void): void {
  const database = new Database(file);
  const triggers = database
    .prepare<[], { name: string }>("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    .all();
  for (const { name } of triggers) database.exec(`DROP TRIGGER ${name}`);
  change(database);
  database.close();
}

/** Runs SQL beside a running store, the triggers in place. */
export function execute(file: string, sql: string): void {
  const database = new Database(file, { timeout: 5000 });
  try {
    database.exec(sql);
  } finally {
    database.close();
  }
}

/** Changes one bit of a column. */
export function flip(
  database: Database.Database,
  table: string,
  column: string,
  where: string,
): void {
  const row = database
    .prepare<[], { v: Buffer }>(`SELECT ${column} AS v FROM ${table} WHERE ${where}`)
    .get();
  const bytes = Buffer.from(row?.v ?? '');
  const at = Math.floor(bytes.length / 2);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  database.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${where}`).run(bytes);
}

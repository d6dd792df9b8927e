// Keeps two processes from writing one database. The lock is SQLite's own, on a file beside it that
// holds nothing, so that the kernel lets go of it however the process ends.
import Database from 'better-sqlite3';
import { SignetError } from '../../runtime/errors.ts';

export interface Lock {
  release(): void;
}

/** @throws SignetError `store.locked` */
export function lockDatabase(file: string): Lock {
  const database = new Database(`${file}.lock`, { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    database.close();
    throw isBusy(cause) ? new SignetError('store.locked', { cause }) : cause;
  }
  return { release: () => database.close() };
}

/** Whether another connection holds what this one needs. */
export function isBusy(error: unknown): boolean {
  return sqliteCode(error).startsWith('SQLITE_BUSY');
}

/** SQLite's name of an error, or nothing if it is not SQLite's. */
export function sqliteCode(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return code.startsWith('SQLITE_') ? code : '';
}

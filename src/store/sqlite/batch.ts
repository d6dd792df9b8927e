// Makes one batch of units durable in one transaction. A unit that is refused is rolled back alone; any
// other failure takes the whole batch with it.
import { packLeaves } from '../../audit/packed-leaves.ts';
import { failpoint } from '../../runtime/failpoint.ts';
import { applyChange } from '../changes/index.ts';
import type { Connection } from './connection.ts';
import { sqliteCode } from './lock.ts';
import type { LogWriter } from './log-writer.ts';
import { failureOf, type Unit, type UnitOutcome } from './protocol.ts';

export interface BatchResult {
  readonly committed: readonly UnitOutcome[];
  readonly checkpoint: string;
}

/** @throws whatever kept it from being durable; the log must be reloaded then */
export async function commitBatch(
  connection: Connection,
  log: LogWriter,
  units: readonly Unit[],
): Promise<BatchResult> {
  const { database } = connection;
  database.exec('BEGIN IMMEDIATE');
  try {
    const committed: UnitOutcome[] = [];
    for (const unit of units) committed.push(await applyUnit(connection, log, unit));
    failpoint('ledger.after-insert');
    const checkpoint = log.seal(units.at(-1)?.nowMs ?? 0);
    failpoint('ledger.before-commit');
    database.exec('COMMIT');
    failpoint('ledger.after-commit');
    log.committed(checkpoint);
    return { committed, checkpoint };
  } catch (error) {
    if (database.inTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

async function applyUnit(connection: Connection, log: LogWriter, unit: Unit): Promise<UnitOutcome> {
  const { database } = connection;
  const mark = log.mark();
  database.exec('SAVEPOINT unit');
  try {
    const outcome = await writeUnit(connection, log, unit);
    database.exec('RELEASE unit');
    return outcome;
  } catch (error) {
    // After a failure of SQLite nobody knows whether the transaction is sound.
    if (sqliteCode(error) !== '') throw error;
    database.exec('ROLLBACK TO unit');
    database.exec('RELEASE unit');
    log.backTo(mark);
    return { refused: failureOf(error) };
  }
}

async function writeUnit(
  { sql }: Connection,
  log: LogWriter,
  { change, origin, nowMs, leaves }: Unit,
): Promise<UnitOutcome> {
  const firstIndex = log.size;
  const applied =
    change === undefined
      ? { result: undefined, leaves: [] }
      : await applyChange(sql, change, { origin, nowMs });
  if (applied.leaves.length > 0) log.append(packLeaves(applied.leaves));
  if ('refused' in applied) return { refused: failureOf(applied.refused) };
  if (leaves !== undefined) log.append(leaves);
  const { result, consequences = [] } = applied;
  return { result, firstIndex, count: log.size - firstIndex, consequences };
}

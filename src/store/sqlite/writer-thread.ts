// The thread that writes. It owns the only connection that can, takes one batch after the other, and
// between them keeps the search index from falling too far behind.
import { parentPort, workerData } from 'node:worker_threads';
import { noteSigner } from '../../audit/note-key.ts';
import { SignetError } from '../../runtime/errors.ts';
import { migrate } from '../migrate.ts';
import { commitBatch } from './batch.ts';
import { type Connection, openWriter } from './connection.ts';
import { indexLag, indexSlice, maxLag } from './indexer.ts';
import { isBusy, sqliteCode } from './lock.ts';
import { LogWriter } from './log-writer.ts';
import {
  failureOf,
  type FromWriter,
  type ToWriter,
  type Unit,
  type WriterOptions,
} from './protocol.ts';

/** Whoever writes after one of these may lose what was promised: the kernel has dropped the pages. */
const fatalCodes = new Set(['SQLITE_IOERR_FSYNC', 'SQLITE_IOERR_DIR_FSYNC']);

async function openLog({ file, origin, logKey, nowMs }: WriterOptions) {
  const connection = await openWriter(file);
  const { database } = connection;
  try {
    database.exec('BEGIN IMMEDIATE');
    await migrate(connection.sql, connection.migrations);
    const log = new LogWriter(connection, noteSigner(origin, logKey), nowMs);
    database.exec('COMMIT');
    return { connection, log };
  } catch (error) {
    await connection.close();
    throw isBusy(error) ? new SignetError('store.locked', { cause: error }) : error;
  }
}

class WriterThread {
  readonly #connection: Connection;
  readonly #log: LogWriter;
  #isStale = false;

  constructor(connection: Connection, log: LogWriter) {
    this.#connection = connection;
    this.#log = log;
  }

  async commit(units: readonly Unit[]): Promise<FromWriter> {
    try {
      if (this.#isStale) this.#log.reload();
      this.#isStale = false;
      const committed = await commitBatch(this.#connection, this.#log, units);
      return committed;
    } catch (cause) {
      this.#isStale = true;
      if (fatalCodes.has(sqliteCode(cause))) return { fatal: failureOf(cause) };
      return { failed: failureOf(new SignetError('store.unavailable', { cause })) };
    }
  }

  /** After a batch: one slice, if the search index is too far behind; the next message may be waiting. */
  catchUp(): void {
    const { database } = this.#connection;
    try {
      const isBehind = indexLag(database, this.#log.size) > maxLag;
      if (isBehind && !this.#isStale) indexSlice(database, this.#log.size);
    } catch {
      // The index is only a projection: it is tried again after the next batch.
    }
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
}

async function serve(port: NonNullable<typeof parentPort>, options: WriterOptions): Promise<void> {
  const answer = (message: FromWriter) => port.postMessage(message);
  try {
    const { connection, log } = await openLog(options);
    const thread = new WriterThread(connection, log);
    port.on('message', (message: ToWriter) => void receive(thread, port, message));
    answer({ ready: true, checkpoint: log.checkpoint });
  } catch (error) {
    answer({ failed: failureOf(error) });
  }
}

async function receive(
  thread: WriterThread,
  port: NonNullable<typeof parentPort>,
  message: ToWriter,
): Promise<void> {
  if (message === 'close') {
    await thread.close();
    port.close();
  } else {
    port.postMessage(await thread.commit(message.units));
    thread.catchUp();
  }
}

if (parentPort !== null) {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- given by open.ts
  await serve(parentPort, workerData as WriterOptions);
}

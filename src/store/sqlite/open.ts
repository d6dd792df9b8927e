// Opens the store of one process, in one SQLite file, with a thread that writes and one that reads.
import { once } from 'node:events';
import process from 'node:process';
import type { KeyObject } from 'node:crypto';
import type { Worker } from 'node:worker_threads';
import type { Clock } from '../../runtime/clock.ts';
import type { SignetError } from '../../runtime/errors.ts';
import type { Store, StoreChanges } from '../store.ts';
import { GroupCommit } from './group-commit.ts';
import { type Lock, lockDatabase } from './lock.ts';
import { errorOf, type FromWriter, type WriterOptions } from './protocol.ts';
import type { Answer, ReaderOptions } from './reader-protocol.ts';
import { RemoteReaders } from './remote-readers.ts';
import { firstMessage, startThread } from './thread.ts';

/** As much of a logger as the store needs; pino's fits. */
export interface StoreLog {
  error(fields: object, message: string): void;
}

export interface SqliteStoreOptions {
  /** Path of the database; its directory exists. */
  readonly file: string;
  /** Name of the log, `<host>/<trust domain>/issuance/<shard>`. */
  readonly origin: string;
  /** Ed25519 private key that signs checkpoints. */
  readonly logKey: KeyObject;
  readonly clock: Clock;
  readonly log?: StoreLog;
  /** Ends the process after the disk failed to keep what it was given; else this does. */
  readonly onFatal?: (error: SignetError) => void;
}

/**
 * Opens the store. The first time it creates the schema and begins the log; every time it checks the
 * newest part of the log against its head and its checkpoint.
 *
 * @throws SignetError `store.locked`, `store.schema`, `store.origin`, `store.log_key`,
 * `store.*_damaged`
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const lock = lockDatabase(options.file);
  const threads: Worker[] = [];
  const start = (name: string, data: WriterOptions | ReaderOptions): Worker => {
    const thread = startThread(name, data);
    threads.push(thread);
    return thread;
  };
  try {
    const { file, origin, logKey, clock } = options;
    const writer = start('writer-thread', { file, origin, logKey, nowMs: clock.unixMs() });
    const reader = start('reader-thread', { file });
    const message = await firstMessage<FromWriter>(writer);
    if ('failed' in message) throw errorOf(message.failed);
    reader.postMessage('open', []);
    await firstMessage<Answer>(reader);
    return assemble(options, lock, writer, reader);
  } catch (error) {
    await Promise.all(threads.map((thread) => thread.terminate()));
    lock.release();
    throw error;
  }
}

function assemble(
  { clock, log, onFatal = exit }: SqliteStoreOptions,
  lock: Lock,
  writer: Worker,
  reader: Worker,
): Store {
  const logged = log === undefined ? {} : { log };
  const ledger = new GroupCommit<StoreChanges>({ thread: writer, clock, onFatal, ...logged });
  const readers = new RemoteReaders(reader);
  return {
    ledger,
    log: readers.log,
    registry: readers.registry,
    authorities: readers.authorities,
    async close() {
      await ledger.drain();
      // The last connection to close tidies the file up, and a reader cannot.
      await stop(reader);
      await stop(writer);
      lock.release();
    },
  };
}

async function stop(thread: Worker): Promise<void> {
  if (thread.threadId === -1) return;
  const exited = once(thread, 'exit');
  thread.postMessage('close', []);
  await exited;
}

/** At once: whatever runs on might tell somebody that something is durable. */
function exit(): never {
  process.exit(70);
}

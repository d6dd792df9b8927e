// Starts a thread from a file beside this one, whether it runs as TypeScript or was built.
import { Worker } from 'node:worker_threads';

/** @param name of the file, without its extension */
export function startThread(name: string, workerData: unknown): Worker {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return new Worker(new URL(`./${name}.${extension}`, import.meta.url), { workerData });
}

/** Resolves with the first message. Rejects if the thread fails or ends before. */
export async function firstMessage<T>(thread: Worker): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const ended = (code: number) => reject(new Error(`thread ended with code ${code}`));
  thread.once('message', resolve).once('error', reject).once('exit', ended);
  try {
    return await promise;
  } finally {
    thread.off('message', resolve).off('error', reject).off('exit', ended);
  }
}

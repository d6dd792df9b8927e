// The thread that reads, through a connection that cannot write. It answers from what is committed,
// while the writer goes on.
import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { authorityReader } from '../queries/authorities.ts';
import { logReader } from '../queries/log.ts';
import { registryReader } from '../queries/registry.ts';
import type { Sql } from '../sql.ts';
import { openReader } from './connection.ts';
import { failureOf } from './protocol.ts';
import type { Answer, Question, ReaderOptions } from './reader-protocol.ts';

type Method = (...args: readonly unknown[]) => Promise<unknown>;

/** By `area.method`. */
function methodsOf(sql: Sql): ReadonlyMap<string, Method> {
  const areas = {
    log: logReader(sql),
    registry: registryReader(sql),
    authorities: authorityReader(sql),
  };
  return new Map(
    Object.entries(areas).flatMap(([area, methods]) =>
      Object.entries(methods).map(([name, method]): [string, Method] => [
        `${area}.${name}`,
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- both ends have the same interface
        method as Method,
      ]),
    ),
  );
}

async function answer(
  methods: ReadonlyMap<string, Method>,
  { id, method, args }: Question,
): Promise<Answer> {
  try {
    return { id, result: await methods.get(method)?.(...args) };
  } catch (error) {
    return { id, failure: failureOf(error) };
  }
}

if (parentPort !== null) {
  const port = parentPort;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- given by open.ts
  const { file } = workerData as ReaderOptions;
  // The writer makes the file; meanwhile this thread has loaded its code.
  await once(port, 'message');
  const connection = await openReader(file);
  const methods = methodsOf(connection.sql);
  port.on('message', async (question: Question | 'close') => {
    if (question !== 'close') {
      port.postMessage(await answer(methods, question));
      return;
    }
    await connection.close();
    port.close();
  });
  port.postMessage({ id: 0, result: 'ready' } satisfies Answer);
}

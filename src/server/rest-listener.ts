// Where REST is served: to admins on a Unix socket, and on loopback what watches the process.
import { chmod, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Address } from '../config/address.ts';
import { ensureDirectory } from '../runtime/durable-file.ts';
import { SignetError } from '../runtime/errors.ts';

/**
 * Listens on a socket that only the server's own user may connect to. The folder is closed to others
 * before the socket appears in it.
 *
 * @throws SignetError `listener.unusable`
 */
export async function listenOnSocket(app: FastifyInstance, path: string): Promise<void> {
  await ensureDirectory(dirname(path));
  await rm(path, { force: true });
  const mask = process.umask(0o177);
  try {
    await app.listen({ path });
  } catch (cause) {
    throw new SignetError('listener.unusable', { cause });
  } finally {
    process.umask(mask);
  }
  await chmod(path, 0o600);
}

/** @throws SignetError `listener.unusable` */
export async function listenOnLoopback(app: FastifyInstance, address: Address): Promise<void> {
  try {
    await app.listen({ host: address.host, port: address.port });
  } catch (cause) {
    throw new SignetError('listener.unusable', { cause });
  }
}

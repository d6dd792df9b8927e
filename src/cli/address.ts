// Where the server is that commands talk to.
import { join } from 'node:path';
import { defaultServerDataDir, runFolder, serverSockets } from '../config/run-paths.ts';
import { SignetError } from '../runtime/errors.ts';

export type ServerAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'http'; readonly host: string; readonly port: number };

/**
 * Reads `unix:/path` or `http://host:port`.
 *
 * @throws SignetError `cli.address`
 */
export function parseServerAddress(text: string): ServerAddress {
  const path = /^unix:(?:\/\/)?(?<path>\/.+)$/.exec(text)?.groups?.['path'];
  if (path !== undefined) return { kind: 'unix', path: join(path) };
  if (!text.startsWith('http://') || !URL.canParse(text)) throw new SignetError('cli.address');
  const url = new URL(text);
  const isPlain = url.pathname === '/' && url.search === '' && url.hash === '' && !url.username;
  if (!isPlain) throw new SignetError('cli.address');
  const host = url.hostname.replaceAll(/^\[|\]$/g, '');
  return { kind: 'http', host, port: url.port === '' ? 80 : Number(url.port) };
}

/** The admin socket of a server on this machine that was told no other. */
export function defaultAddress(uid: number | undefined): string {
  return `unix:${serverSockets(runFolder(defaultServerDataDir, uid)).admin}`;
}

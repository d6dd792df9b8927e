// Secrets that a configuration refers to. They are read when they are needed, not before: a join token
// is used once and may be gone by the next start.
import { open } from 'node:fs/promises';
import { SignetError } from '../runtime/errors.ts';
import { resolvePath, type Surroundings } from './surroundings.ts';

/** Stated, or an absolute path to read it from. */
export type Secret = { readonly text: string } | { readonly file: string };

const maxSecretBytes = 4096;

/** Of a field that `fields.secret` has checked. */
export function secretOf(field: string, surroundings: Surroundings): Secret {
  const { file } = /^\$\{file:(?<file>[^}]+)\}$/.exec(field)?.groups ?? {};
  return file === undefined ? { text: field } : { file: resolvePath(file, surroundings) };
}

/**
 * White space around it, such as the newline at the end of a file, is not part of it.
 *
 * @throws SignetError `config.secret_unreadable`
 */
export async function readSecret(secret: Secret): Promise<string> {
  if ('text' in secret) return secret.text;
  try {
    const text = await readBounded(secret.file);
    if (text !== '') return text;
  } catch (cause) {
    throw new SignetError('config.secret_unreadable', { details: { ...secret }, cause });
  }
  throw new SignetError('config.secret_unreadable', { details: { ...secret } });
}

async function readBounded(file: string): Promise<string> {
  await using handle = await open(file, 'r');
  const buffer = Buffer.alloc(maxSecretBytes + 1);
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
  return bytesRead > maxSecretBytes ? '' : buffer.toString('utf8', 0, bytesRead).trim();
}

// What the settings of an agent only point to: the bootstrap bundle and the join token.
import { open } from 'node:fs/promises';
import { maxBundleLength, parseBundleJwks, parseBundlePem } from '../pki/bundle-format.ts';
import { SignetError } from '../runtime/errors.ts';
import type { X509Bundle } from '../spiffe/bundle.ts';
import type { TrustDomain } from '../spiffe/trust-domain.ts';

/** A text itself, or the absolute path of a file with it. */
export type Given = { readonly file: string } | { readonly text: string };

const maxTokenBytes = 4096;

/**
 * The bundle in a file, PEM or JWK Set; undefined if there is no such file, as it is needed once only.
 *
 * @throws SignetError `bundle.*`, `pem.*`, `node.unreadable`
 */
export async function readBundleFile(
  path: string,
  trustDomain: TrustDomain,
): Promise<X509Bundle | undefined> {
  const text = await readBounded(path, maxBundleLength);
  if (text === undefined) return undefined;
  return text.trimStart().startsWith('{')
    ? parseBundleJwks(text, trustDomain)
    : parseBundlePem(text, trustDomain);
}

/**
 * The join token; undefined if none is given, or its file is gone, which is what many do with it once it
 * has served.
 *
 * @throws SignetError `node.unreadable`
 */
export async function readToken(given: Given | undefined): Promise<string | undefined> {
  if (given === undefined) return undefined;
  const text = 'text' in given ? given.text : await readBounded(given.file, maxTokenBytes);
  const token = text?.trim();
  return token === '' ? undefined : token;
}

async function readBounded(path: string, limit: number): Promise<string | undefined> {
  try {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    if (size > limit) throw new SignetError('node.unreadable', { details: { path, limit } });
    return await file.readFile('utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    if (cause instanceof SignetError) throw cause;
    throw new SignetError('node.unreadable', { details: { path }, cause });
  }
}

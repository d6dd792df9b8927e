// The version of this program.
import { readFileSync } from 'node:fs';
import { SignetError } from '../runtime/errors.ts';

/** package.json lies two folders above the source, and three above what is built of it. */
const manifestPath = import.meta.url.endsWith('.ts')
  ? '../../package.json'
  : '../../../package.json';

/** As package.json has it. */
export function readVersion(): string {
  const text = readFileSync(new URL(manifestPath, import.meta.url), 'utf8');
  const manifest: unknown = JSON.parse(text);
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest) {
    return String(manifest.version);
  }
  throw new SignetError('internal');
}

// What a configuration means depends on where it stands and who reads it.
import { resolve } from 'node:path';
import process from 'node:process';

export interface Surroundings {
  /** Absolute: what relative paths are relative to. */
  readonly folder: string;
  /** Who runs the process; undefined where users have no numbers. */
  readonly uid: number | undefined;
}

/** Of this process, for a configuration in this folder. */
export function surroundingsOf(folder: string): Surroundings {
  return { folder: resolve(folder), uid: process.getuid?.() };
}

export function resolvePath(path: string, { folder }: Surroundings): string {
  return resolve(folder, path);
}

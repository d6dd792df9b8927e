// Where a configuration was read from, so that whatever is wrong with it can be pointed at.
import { type Details, SignetError } from '../runtime/errors.ts';

/** Names of keys and indexes of items, from the outside in. */
export type Path = readonly (string | number)[];

export interface Source {
  /** As it was read, not checked yet. */
  readonly value: unknown;
  /** File, line and column of the value there, or of the nearest thing around it. */
  locate(path: Path): Details;
  /** The same of a key instead of its value. */
  locateKey(path: Path): Details;
}

/** A configuration that a program made: there is no place to point at. */
export function valueSource(value: unknown): Source {
  return { value, locate: () => ({}), locateKey: () => ({}) };
}

/** Runs a check of one value, and adds to its failure where that value stands. */
export function checkAt<T>(source: Source, path: Path, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof SignetError)) throw error;
    throw refusalAt(source, path, error);
  }
}

/** The same failure, with the place and the name of the key. */
export function refusalAt(source: Source, path: Path, { reason, details, cause }: SignetError) {
  const placed = { ...details, ...source.locate(path), key: path.join('.') };
  return new SignetError(reason, { details: placed, ...(cause === undefined ? {} : { cause }) });
}

// What main thread and reader thread say to each other.
import type { Failure } from './protocol.ts';

export interface ReaderOptions {
  readonly file: string;
}

export interface Question {
  readonly id: number;
  /** `area.method` of `Readers`. */
  readonly method: string;
  readonly args: readonly unknown[];
}

export type Answer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly failure: Failure };

// Colour: on terminals only, never alone, and not for those who set NO_COLOR (no-color.org).
import type { Io, Output } from './io.ts';

export interface Style {
  bad(text: string): string;
  dim(text: string): string;
  strong(text: string): string;
}

const plain: Style = { bad: (text) => text, dim: (text) => text, strong: (text) => text };

const escape = (code: number) => (text: string) => `\u001B[${code}m${text}\u001B[0m`;
const coloured: Style = { bad: escape(31), dim: escape(2), strong: escape(1) };

export function styleFor({ isTerminal }: Output, { env }: Pick<Io, 'env'>): Style {
  const isWanted = (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  return isTerminal && isWanted ? coloured : plain;
}

// What callers of the interfaces do wrong.
import { type Row } from './row.ts';

export const apiReasons = {} satisfies Record<string, Row>;

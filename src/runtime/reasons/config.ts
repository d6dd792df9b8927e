// Configuration files and the command line.
import { type Row } from './row.ts';

export const configReasons = {} satisfies Record<string, Row>;

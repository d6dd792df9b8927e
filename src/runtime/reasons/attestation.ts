// How nodes and processes prove themselves.
import { type Row } from './row.ts';

export const attestationReasons = {} satisfies Record<string, Row>;

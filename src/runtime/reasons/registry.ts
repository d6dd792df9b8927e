// Entries, agents and join tokens.
import { type Row } from './row.ts';

export const registryReasons = {} satisfies Record<string, Row>;

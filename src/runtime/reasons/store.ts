// The database.
import { type Row } from './row.ts';

export const storeReasons = {} satisfies Record<string, Row>;

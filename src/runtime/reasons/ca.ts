// Authorities, key custody and issuance.
import { type Row } from './row.ts';

export const caReasons = {} satisfies Record<string, Row>;

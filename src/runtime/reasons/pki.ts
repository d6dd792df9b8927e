// Keys, certificates and requests.
import { type Row } from './row.ts';

export const pkiReasons = {} satisfies Record<string, Row>;

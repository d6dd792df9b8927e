// The node agent.
import { type Row } from './row.ts';

export const agentReasons = {} satisfies Record<string, Row>;

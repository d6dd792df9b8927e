// How nodes and processes prove themselves.
import { permissionDenied, resourceExhausted, type Row, unavailable } from './row.ts';

export const attestationReasons = {
  'workload.exited': permissionDenied(
    'the process ended before it was attested: connect again from one that lives',
  ),
  'workload.unreadable': unavailable(
    'the process cannot be inspected: run the agent as root, with the process namespace of the host',
  ),
  'workload.binary_too_large': resourceExhausted(
    'the program of the process is larger than the agent hashes: raise the limit, or select by path',
  ),
} satisfies Record<string, Row>;

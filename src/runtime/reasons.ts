// Every reason a SignetError may carry, one row each, a file of rows for each area. Reasons are API:
// programs branch on them, so a row may be added or reworded but never renamed, reused or given
// another code.
import { agentReasons } from './reasons/agent.ts';
import { apiReasons } from './reasons/api.ts';
import { attestationReasons } from './reasons/attestation.ts';
import { auditReasons } from './reasons/audit.ts';
import { caReasons } from './reasons/ca.ts';
import { configReasons } from './reasons/config.ts';
import { pkiReasons } from './reasons/pki.ts';
import { registryReasons } from './reasons/registry.ts';
import { restReasons } from './reasons/rest.ts';
import { rpcReasons } from './reasons/rpc.ts';
import { sdsReasons } from './reasons/sds.ts';
import { spiffeReasons } from './reasons/spiffe.ts';
import { storeReasons } from './reasons/store.ts';
import { internal, type Row } from './reasons/row.ts';

export type { Code } from './reasons/row.ts';

export const reasons = {
  internal: internal('unexpected failure: look up the request id in the server log'),
  ...agentReasons,
  ...apiReasons,
  ...attestationReasons,
  ...auditReasons,
  ...caReasons,
  ...configReasons,
  ...pkiReasons,
  ...registryReasons,
  ...restReasons,
  ...rpcReasons,
  ...sdsReasons,
  ...spiffeReasons,
  ...storeReasons,
} satisfies Record<string, Row>;

/** `area.rule`, the stable name of one way to fail. */
export type Reason = keyof typeof reasons;

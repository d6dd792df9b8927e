// Records that something was refused. Nothing changes but the log.
import { refusalKinds } from '../../audit/event.ts';
import { SignetError } from '../../runtime/errors.ts';
import type { RegistryChanges } from '../../registry/changes.ts';
import { type Appliers, leafOf } from './change.ts';

export const refusalChanges: Appliers<Pick<RegistryChanges, 'refusal.record'>> = {
  async 'refusal.record'(_sql, { kind, reason, spiffeId, node, target }, context) {
    const t = refusalKinds.find((known) => known === kind);
    if (t === undefined) throw new SignetError('refusal.kind');
    const event = {
      t,
      reason,
      ...(spiffeId === undefined ? {} : { spiffe_id: spiffeId }),
      ...(node === undefined ? {} : { node }),
      ...(target === undefined ? {} : { target }),
    };
    return { result: null, leaves: [leafOf(event, context)] };
  },
};

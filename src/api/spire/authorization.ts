// Who may call what (spire-api A2): one row for every method. A method without a row is closed to
// everyone.
import type { Authorize } from '../../rpc/call.ts';
import { RpcStatus } from '../../rpc/status.ts';
import { admit, type CallerClass, peerKey } from './callers.ts';
import { agentFailure } from './failures.ts';
import type { Refusals } from './refusals.ts';
import type { SpireDeps } from './spire-deps.ts';

type Classes = readonly CallerClass[];

const anyone: Classes = ['anyone'];
const agents: Classes = ['agent'];
const downstream: Classes = ['downstream'];
const local: Classes = ['local'];
const admins: Classes = ['local', 'admin'];

/** By service, then method, as they are called on the wire. */
const table: Readonly<Record<string, Readonly<Record<string, Classes>>>> = {
  'spire.api.server.agent.v1.Agent': {
    AttestAgent: anyone,
    BanAgent: admins,
    CountAgents: admins,
    CreateJoinToken: admins,
    DeleteAgent: admins,
    GetAgent: admins,
    ListAgents: admins,
    PostStatus: agents,
    RenewAgent: agents,
  },
  'spire.api.server.bundle.v1.Bundle': {
    AppendBundle: admins,
    BatchCreateFederatedBundle: admins,
    BatchDeleteFederatedBundle: admins,
    BatchSetFederatedBundle: admins,
    BatchUpdateFederatedBundle: admins,
    CountBundles: admins,
    GetBundle: anyone,
    GetFederatedBundle: [...admins, ...agents],
    ListFederatedBundles: admins,
    PublishJWTAuthority: downstream,
    PublishWITAuthority: downstream,
  },
  'spire.api.server.debug.v1.Debug': { GetInfo: local },
  'spire.api.server.entry.v1.Entry': {
    BatchCreateEntry: admins,
    BatchDeleteEntry: admins,
    BatchUpdateEntry: admins,
    CountEntries: admins,
    GetAuthorizedEntries: agents,
    GetEntry: admins,
    ListEntries: admins,
    SyncAuthorizedEntries: agents,
  },
  'spire.api.server.localauthority.v1.LocalAuthority': {
    ActivateJWTAuthority: admins,
    ActivateWITAuthority: admins,
    ActivateX509Authority: admins,
    GetJWTAuthorityState: admins,
    GetWITAuthorityState: admins,
    GetX509AuthorityState: admins,
    PrepareJWTAuthority: admins,
    PrepareWITAuthority: admins,
    PrepareX509Authority: admins,
    RevokeJWTAuthority: admins,
    RevokeWITAuthority: admins,
    RevokeX509Authority: admins,
    RevokeX509UpstreamAuthority: admins,
    TaintJWTAuthority: admins,
    TaintWITAuthority: admins,
    TaintX509Authority: admins,
    TaintX509UpstreamAuthority: admins,
  },
  'spire.api.server.logger.v1.Logger': {
    GetLogger: local,
    ResetLogLevel: local,
    SetLogLevel: local,
  },
  'spire.api.server.svid.v1.SVID': {
    BatchNewWITSVID: agents,
    BatchNewX509SVID: agents,
    MintJWTSVID: admins,
    MintWITSVID: admins,
    MintX509SVID: admins,
    NewDownstreamX509CA: downstream,
    NewJWTSVID: agents,
  },
  'spire.api.server.trustdomain.v1.TrustDomain': {
    BatchCreateFederationRelationship: admins,
    BatchDeleteFederationRelationship: admins,
    BatchUpdateFederationRelationship: admins,
    GetFederationRelationship: admins,
    ListFederationRelationships: admins,
    RefreshBundle: admins,
  },
  'grpc.health.v1.Health': { Check: local, List: local, Watch: local },
};

const byMethod: ReadonlyMap<string, Classes> = new Map(
  Object.entries(table).flatMap(([service, methods]) =>
    Object.entries(methods).map(([name, classes]) => [`/${service}/${name}`, classes] as const),
  ),
);

/** Full names of all methods that have a row. */
export const authorizedMethods: readonly string[] = [...byMethod.keys()];

/** Who may call a method, by its full name `/package.Service/Method`: nobody, if it has no row. */
export function classesOf(method: string): readonly CallerClass[] {
  return byMethod.get(method) ?? [];
}

/**
 * The hook for `bindService`. It lets a call through, for `callerOf` to tell whose it is, or fails with
 * `caller.*`. Denied calls of what changes or reveals more than an agent's own are written to the log.
 */
export function authorizer(
  deps: Pick<SpireDeps, 'clock' | 'registry' | 'trustDomain'>,
  refusals: Refusals,
): Authorize {
  return async (context) => {
    const { method, peer } = context;
    const classes = classesOf(method);
    const unadmitted = await admit(context, classes, deps);
    if (unadmitted === undefined) return;
    const { agentDenial, origin, spiffeId } = unadmitted;
    const text = `authorization denied for method ${method}`;
    if (agentDenial !== undefined) throw agentFailure(agentDenial, text);
    if (!classes.includes('agent')) {
      const reason = 'caller.denied';
      const who = spiffeId === undefined ? {} : { spiffeId };
      await refusals.record(
        peerKey(peer),
        { kind: 'admin.denied', reason, ...who, target: method },
        origin,
      );
    }
    throw new RpcStatus('caller.denied', { wording: { text } });
  };
}

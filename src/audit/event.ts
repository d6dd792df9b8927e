// The kinds of event that the log knows, each with its members: the one list of what is recorded. A
// kind may be added and may gain members; none is ever renamed, since verifiers read old logs.
import { encodeLeaf } from './leaf.ts';

/** Members of every event. */
type Common = {
  /** Unix milliseconds; informs only, the order of events is their index. */
  ts: number;
  /** Id of the request. */
  req?: string;
  /** `user:…`, `spiffe:…` or `system:…`. */
  actor: string;
};

/** SHA-256 of DER, base64url without padding. */
type DerHash = string;
/** Lower-case hex of even length. */
type Serial = string;
/** Unix seconds. */
type Seconds = number;
/** Id of an authority. */
type AuthorityId = string;

type LogInit = { t: 'log.init'; origin: string; key: string };
/** A commit failed: a root was signed for the size named here, and thrown away with its note. */
type LogResumed = { t: 'log.resumed'; size: number };

type CaCertIntent = {
  t: 'ca.cert.intent';
  ca: AuthorityId;
  target: AuthorityId;
  role: string;
  tbs: DerHash;
};
type CaCertIssued = {
  t: 'ca.cert.issued';
  ca: AuthorityId;
  target: AuthorityId;
  role: string;
  serial: Serial;
  nb: Seconds;
  na: Seconds;
  spki: DerHash;
  cert: DerHash;
};
type AuthorityMoved = {
  t:
    | 'authority.prepare'
    | 'authority.activate'
    | 'authority.retire'
    | 'authority.taint'
    | 'authority.revoke';
  target: AuthorityId;
  role: string;
  /** The state it is in from now on; `authority.retire` leads to `retiring`, then to `retired`. */
  state: string;
};
type BundleChanged = {
  t: 'bundle.changed';
  sequence: number;
  change: 'added' | 'removed';
  target: AuthorityId;
  cert: DerHash;
};

type X509Issued = {
  t: 'x509.issued';
  ca: AuthorityId;
  serial: Serial;
  spiffe_id: string;
  nb: Seconds;
  na: Seconds;
  spki: DerHash;
  cert: DerHash;
  profile: string;
  /** Registration entry it follows from, `id:revision`. */
  entry?: string;
  /** SPIFFE ID of the agent. */
  node?: string;
  attestor?: string;
};
/** Something was refused. Of the request only names of ours are kept. */
type Refused = {
  t: 'x509.rejected' | 'node.rejected' | 'workload.rejected' | 'admin.denied';
  reason: string;
  spiffe_id?: string;
  node?: string;
  target?: string;
};

type NodeAttested = {
  t: 'node.attested';
  node: string;
  attestor: string;
  serial: Serial;
  na: Seconds;
  can_reattest: boolean;
  selectors?: readonly string[];
  /** SHA-256 of the canonical selectors, base64url, where they are too long for a leaf. */
  selectors_c?: string;
};
type NodeRenewed = { t: 'node.renewed'; node: string; serial: Serial; na: Seconds };
type NodeActivated = { t: 'node.activated'; node: string; serial: Serial };
type NodeRemoved = { t: 'node.banned' | 'node.evicted'; node: string };

/** What an entry lets somebody have. */
type EntryWritten = {
  t: 'entry.created' | 'entry.updated';
  /** `id:revision`, as `x509.issued` names it. */
  entry: string;
  spiffe_id: string;
  parent: string;
  selectors?: readonly string[];
  dns_names?: readonly string[];
  federates_with?: readonly string[];
  x509_ttl?: number;
  jwt_ttl?: number;
  admin?: boolean;
  downstream?: boolean;
  store_svid?: boolean;
  hint?: string;
  expires_at?: Seconds;
  /** SHA-256 of the canonical form of the optional members, base64url, where they are too long. */
  entry_c?: string;
};
type EntryDeleted = { t: 'entry.deleted'; entry: string; spiffe_id: string; parent: string };
/** `target` is SHA-256 of the token, in lower-case hex. */
type JoinTokenCreated = {
  t: 'join_token.created';
  target: string;
  na: Seconds;
  spiffe_id?: string;
};
type JoinTokenUsed = { t: 'join_token.used' | 'join_token.expired'; target: string; node: string };

type SystemEvent = { t: 'system.start' | 'system.stop'; version: string; log?: string };

type Body =
  | LogInit
  | LogResumed
  | CaCertIntent
  | CaCertIssued
  | AuthorityMoved
  | BundleChanged
  | X509Issued
  | Refused
  | NodeAttested
  | NodeRenewed
  | NodeActivated
  | NodeRemoved
  | EntryWritten
  | EntryDeleted
  | JoinTokenCreated
  | JoinTokenUsed
  | SystemEvent;

/** An event without what its unit of work adds: when, who and in which request. */
export type EventBody = Readonly<Body>;
export type Event = Readonly<Body & Common>;
export type EventKind = Event['t'];
/** The event of one kind, `EventOf<'x509.issued'>`. */
export type EventOf<K extends EventKind> = OfKind<Event, K>;

type OfKind<E, K> = E extends { t: infer T } ? (K extends T ? E : never) : never;

/** The kinds that say that somebody was refused something. */
export const refusalKinds = [
  'x509.rejected',
  'node.rejected',
  'workload.rejected',
  'admin.denied',
] as const satisfies readonly EventKind[];

/** @throws SignetError `leaf.too_long`, `canonical_json.*` */
export function encodeEvent(event: Event): Uint8Array {
  return encodeLeaf(event);
}

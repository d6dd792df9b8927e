// Who calls: a process of this machine, or the bearer of an SVID, and as what it may act (spire-api A2, A7).
import { parseCertificate } from '../../pki/certificate.ts';
import { spiffeIdOfLeaf } from '../../pki/svid-certificate.ts';
import type { Agent } from '../../registry/agent.ts';
import type { CallContext } from '../../rpc/call.ts';
import type { Peer, TlsPeer } from '../../rpc/peer.ts';
import { SignetError } from '../../runtime/errors.ts';
import { type SpiffeId, trustDomainOf } from '../../spiffe/spiffe-id.ts';
import type { Origin } from '../../audit/ledger.ts';
import { agentDenial, type AgentDenial } from './failures.ts';
import type { SpireDeps } from './spire-deps.ts';

/** `anyone` needs to show nothing. */
export type CallerClass = 'admin' | 'agent' | 'anyone' | 'downstream' | 'local';

/** Whom a call was admitted as. */
export interface Caller {
  readonly class: CallerClass;
  /** Of the SVID presented, if any. */
  readonly spiffeId?: SpiffeId;
  /** The record of a caller of class `agent`. */
  readonly agent?: Agent;
  readonly origin: Origin;
}

type CallerDeps = Pick<SpireDeps, 'clock' | 'registry' | 'trustDomain'>;

interface PresentedSvid {
  readonly id: SpiffeId;
  /** Lower-case hex. */
  readonly serial: string;
  /** Unix seconds. */
  readonly notAfter: number;
}

/** Why a peer is of no class that a method is open to. */
export interface Unadmitted {
  readonly spiffeId?: SpiffeId;
  readonly origin: Origin;
  readonly agentDenial?: AgentDenial;
}

const callers = new WeakMap<CallContext, Caller>();
const svids = new WeakMap<TlsPeer, PresentedSvid>();

/**
 * The caller of a call that was authorized.
 *
 * @throws SignetError `caller.denied` if it was not
 */
export function callerOf(context: CallContext): Caller {
  const caller = callers.get(context);
  if (caller === undefined) throw new SignetError('caller.denied');
  return caller;
}

/**
 * The agent that calls.
 *
 * @throws SignetError `caller.denied` if the caller is none
 */
export function agentOf(context: CallContext): Agent {
  const { agent } = callerOf(context);
  if (agent === undefined) throw new SignetError('caller.denied');
  return agent;
}

/**
 * Admits a call as the first of these classes that the peer is of, for `callerOf`. An agent that uses its
 * renewed SVID for the first time has it made the current one.
 *
 * @returns undefined, or why it is not admitted
 * @throws SignetError `peer.unverified` for a certificate that is no SVID; `store.*`
 */
export async function admit(
  context: CallContext,
  classes: readonly CallerClass[],
  deps: CallerDeps,
): Promise<Unadmitted | undefined> {
  const { peer, requestId } = context;
  const svid = peer.kind === 'tls' ? presentedSvid(peer) : undefined;
  const origin = { actor: actorOf(peer, svid), requestId };
  const identity = { origin, ...(svid === undefined ? {} : { spiffeId: svid.id }) };
  const isOpen = classes.includes('anyone');
  const plain = isOpen ? 'anyone' : classes.find((name) => isOf(name, peer, svid, deps));
  if (plain !== undefined) {
    callers.set(context, { class: plain, ...identity });
    return undefined;
  }
  if (svid === undefined || !classes.includes('agent')) return identity;
  const { agent, denial } = await currentAgent(svid, deps, origin);
  if (agent === undefined) return { ...identity, agentDenial: denial };
  callers.set(context, { class: 'agent', ...identity, agent });
  return undefined;
}

/** Whether the peer is of a class that its own record is not needed for. */
function isOf(
  name: CallerClass,
  peer: Peer,
  svid: PresentedSvid | undefined,
  deps: CallerDeps,
): boolean {
  if (name === 'local') return peer.kind === 'unix';
  if (name !== 'admin' && name !== 'downstream') return false;
  if (svid === undefined || isExpired(svid, deps)) return false;
  if (trustDomainOf(svid.id) !== deps.trustDomain) return false;
  return deps.registry.entriesOf(svid.id).some((entry) => entry[name]);
}

type Standing =
  | { readonly agent: Agent; readonly denial?: undefined }
  | { readonly agent?: undefined; readonly denial: AgentDenial };

/** In the order of A7, for an agent acts on the reason. */
async function currentAgent(
  svid: PresentedSvid,
  deps: CallerDeps,
  origin: Origin,
): Promise<Standing> {
  const { registry } = deps;
  if (isExpired(svid, deps)) return { denial: agentDenial.expired };
  const agent = registry.agent(svid.id);
  if (agent === undefined) return { denial: agentDenial.notAttested };
  const { standing } = agent;
  if (standing.state === 'banned') return { denial: agentDenial.banned };
  if (standing.serial === svid.serial) return { agent };
  if (standing.pendingSerial !== svid.serial) return { denial: agentDenial.notActive };
  try {
    return { agent: (await registry.activateAgent(svid.id, svid.serial, origin)).result };
  } catch (error) {
    return { denial: denialOf(error) };
  }
}

/** What became of the agent while its SVID was being promoted. */
function denialOf(error: unknown): AgentDenial {
  const { reason } = SignetError.from(error);
  if (reason === 'agent.banned') return agentDenial.banned;
  if (reason === 'agent.not_found') return agentDenial.notAttested;
  throw error;
}

function isExpired({ notAfter }: PresentedSvid, { clock }: CallerDeps): boolean {
  return notAfter * 1000 <= clock.unixMs();
}

/** Read once for each connection. */
function presentedSvid(peer: TlsPeer): PresentedSvid | undefined {
  const [leaf] = peer.chain;
  if (leaf === undefined) return undefined;
  const known = svids.get(peer);
  if (known !== undefined) return known;
  try {
    const certificate = parseCertificate(leaf);
    const { serial, notAfter } = certificate;
    const svid = { id: spiffeIdOfLeaf(certificate), serial, notAfter };
    svids.set(peer, svid);
    return svid;
  } catch (cause) {
    throw new SignetError('peer.unverified', { cause });
  }
}

function actorOf(peer: Peer, svid: PresentedSvid | undefined): string {
  if (peer.kind === 'unix') return `user:uid:${peer.process.uid}`;
  return svid?.id ?? 'system:anonymous';
}

/** Whose refusals are counted together. */
export function peerKey(peer: Peer): string {
  return peer.kind === 'unix' ? `uid ${peer.process.uid}` : peer.address;
}

// What a server holds: its keys, its database, its authorities, its registry and its own identity, in
// the order in which they need each other, and let go of in the reverse order.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { encodeEvent } from '../audit/event.ts';
import { packLeaves } from '../audit/packed-leaves.ts';
import { Authorities } from '../ca/authorities.ts';
import { DiskKeys } from '../ca/disk-keys.ts';
import { IssuanceThreads } from '../ca/issuance-thread.ts';
import { startIssuerRotation } from '../ca/issuer-rotation.ts';
import { IssuerService } from '../ca/issuer-service.ts';
import type { KeyManager } from '../ca/key-manager.ts';
import { type ServerIdentity, startServerIdentity } from '../ca/server-identity.ts';
import type { ServerSettings } from '../config/server-config.ts';
import type { ProfileConfig } from '../pki/profile.ts';
import { Registry } from '../registry/registry.ts';
import type { Clock } from '../runtime/clock.ts';
import { ensureDirectory } from '../runtime/durable-file.ts';
import type { Logger } from '../runtime/log.ts';
import type { TrustDomain } from '../spiffe/trust-domain.ts';
import { openSqliteStore } from '../store/sqlite/open.ts';
import type { Store, StoreChanges } from '../store/store.ts';

export interface ServerState {
  readonly store: Store;
  readonly authorities: Authorities;
  readonly issuance: IssuerService<StoreChanges>;
  readonly registry: Registry;
  readonly identity: ServerIdentity;
}

export interface StateOptions {
  readonly settings: ServerSettings;
  readonly clock: Clock;
  readonly log: Logger;
  readonly version: string;
}

const agentTtlSeconds = 3600;

/**
 * Opens all of it; `stack` takes what has to be closed.
 *
 * @throws SignetError `store.*`, `key.*`, `authority.*`
 */
export async function openState(
  { settings, clock, log, version }: StateOptions,
  stack: AsyncDisposableStack,
): Promise<ServerState> {
  const { trustDomain, dataDir } = settings;
  await ensureDirectory(dataDir);
  const keys = await DiskKeys.open(join(dataDir, 'keys'));
  const { file } = settings.store;
  const logKey = await logKeyOf(keys);
  const store = await openSqliteStore({ file, origin: logOrigin(trustDomain), logKey, clock, log });
  stack.defer(() => store.close());

  const { ledger, registry: reader } = store;
  await recordSystem(store, 'system.start', version, clock);
  stack.defer(() => recordSystem(store, 'system.stop', version, clock).catch(() => undefined));

  const registry = await Registry.open({ reader, ledger, clock, trustDomain, log });
  const authorities = await Authorities.open({
    reader: store.authorities,
    ledger,
    keys,
    clock,
    log,
    trustDomain,
    settings: authoritySettings(settings),
  });
  const threads = new IssuanceThreads({ clock, log });
  stack.defer(() => threads.close());
  const profiles = profilesOf(settings);
  const issuance = new IssuerService({ authorities, threads, ledger, log, trustDomain, profiles });
  const rotation = startIssuerRotation({ authorities, clock, log });
  stack.defer(() => rotation.stop());
  const identity = await startServerIdentity({ issuance, clock, log, trustDomain });
  stack.defer(() => identity.stop());
  return { store, authorities, issuance, registry, identity };
}

/** How long an agent's own SVID is valid. */
export function agentTtl({ ca }: ServerSettings): number {
  return Math.min(agentTtlSeconds, ca.svid.maxTtlSeconds);
}

/** The log of a trust domain names nothing that changes when the server moves. */
function logOrigin(trustDomain: TrustDomain): string {
  return `signet/${trustDomain}/issuance/1`;
}

async function logKeyOf(keys: KeyManager) {
  const signer = (await keys.get('log')) ?? (await keys.create('log', 'Ed25519'));
  return signer.privateKey;
}

function authoritySettings({ ca }: ServerSettings) {
  return {
    rootTtlSeconds: ca.root.ttlSeconds,
    issuerTtlSeconds: ca.issuer.ttlSeconds,
    svidMaxTtlSeconds: ca.svid.maxTtlSeconds,
    backdateSeconds: ca.svid.backdateSeconds,
  };
}

function profilesOf({ ca }: ServerSettings): readonly ProfileConfig[] {
  const { ttlSeconds, maxTtlSeconds, backdateSeconds } = ca.svid;
  return (['workload', 'agent', 'server'] as const).map((name) => ({
    name,
    maxTtlSeconds,
    defaultTtlSeconds: Math.min(ttlSeconds, maxTtlSeconds),
    backdateSeconds,
  }));
}

async function recordSystem(
  { ledger }: Store,
  t: 'system.start' | 'system.stop',
  version: string,
  clock: Clock,
): Promise<void> {
  const common = { ts: clock.unixMs(), actor: 'system:signet', req: randomUUID() };
  await ledger.append(packLeaves([encodeEvent({ ...common, t, version })]));
}

// The CA put together as the server does it, on a ledger without a disk unless a test brings another.
import { Authorities, type AuthoritiesOptions } from '../../src/ca/authorities.ts';
import type { Issued, Order, Outcome } from '../../src/ca/issuance.ts';
import { IssuanceThreads, type IssuanceThreadOptions } from '../../src/ca/issuance-thread.ts';
import { IssuerService } from '../../src/ca/issuer-service.ts';
import type { KeyManager } from '../../src/ca/key-manager.ts';
import { MemoryKeys } from '../../src/ca/memory-keys.ts';
import { createCsr } from '../../src/pki/csr.ts';
import { generateKeyPair, type KeyPair } from '../../src/pki/key.ts';
import type { ProfileConfig } from '../../src/pki/profile.ts';
import type { Clock } from '../../src/runtime/clock.ts';
import { silentLogger as log } from '../../src/runtime/log.ts';
import { parseSpiffeId } from '../../src/spiffe/spiffe-id.ts';
import { parseTrustDomain } from '../../src/spiffe/trust-domain.ts';
import type { Store } from '../../src/store/store.ts';
import { manualClock } from './manual-clock.ts';
import { MemoryLedger, type TestChanges } from './memory-ledger.ts';

export const trustDomain = parseTrustDomain('prod.example');
export const origin = { actor: 'spiffe://prod.example/spire/agent/a', requestId: 'r-1' };
export const day = 86_400;
export const dayMs = day * 1000;

export const profiles: readonly ProfileConfig[] = (['workload', 'agent', 'server'] as const).map(
  (name) => ({ name, maxTtlSeconds: day }),
);

export interface IssuanceOptions {
  readonly ledger?: MemoryLedger;
  readonly keys?: KeyManager;
  readonly clock?: Clock;
  readonly settings?: AuthoritiesOptions['settings'];
  readonly threads?: Partial<IssuanceThreadOptions>;
}

/** Authorities alone. */
export async function testAuthorities({
  ledger = new MemoryLedger(),
  keys = new MemoryKeys(),
  clock = manualClock(),
  settings,
}: IssuanceOptions = {}) {
  const authorities = await Authorities.open({
    reader: ledger,
    ledger,
    keys,
    clock,
    log,
    trustDomain,
    ...(settings ? { settings } : {}),
  });
  return { authorities, ledger, keys, clock };
}

/** With threads and service. Close it. */
export async function testIssuance(options: IssuanceOptions = {}) {
  const opened = await testAuthorities(options);
  const { authorities, ledger, clock } = opened;
  const threads = new IssuanceThreads({ clock, log, ...options.threads });
  const service = new IssuerService<TestChanges>({
    authorities,
    threads,
    ledger,
    log,
    trustDomain,
    profiles,
  });
  return { ...opened, threads, service, close: () => threads.close() };
}

/** The same on a real store. */
export async function issuanceOn(
  { ledger, authorities: reader }: Store,
  { keys, clock }: { readonly keys: KeyManager; readonly clock: Clock },
) {
  const authorities = await Authorities.open({ reader, ledger, keys, clock, log, trustDomain });
  const threads = new IssuanceThreads({ clock, log });
  const options = { authorities, threads, ledger, log, trustDomain, profiles };
  return { authorities, threads, service: new IssuerService(options) };
}

export interface OrderOptions extends Partial<Omit<Order, 'spiffeId'>> {
  readonly spiffeId?: string;
  readonly keys?: KeyPair;
  /** URIs of the request, instead of the one ordered. */
  readonly uris?: readonly string[];
}

/** An order of a workload whose request fits. */
export function testOrder(options: OrderOptions = {}): Order {
  const {
    keys = generateKeyPair(),
    uris,
    spiffeId: id = 'spiffe://prod.example/w',
    ...rest
  } = options;
  const spiffeId = parseSpiffeId(id);
  const csr = createCsr({
    privateKey: keys.privateKey,
    uris: uris?.map(parseSpiffeId) ?? [spiffeId],
  });
  return { csr, dnsNames: [], profile: 'workload', ttlSeconds: 3600, ...rest, spiffeId };
}

/** What was issued, or the test fails with what came instead. */
export function issuedOf(outcome: Outcome | undefined): Issued {
  if (outcome === undefined) throw new Error('no outcome');
  if ('error' in outcome) throw outcome.error;
  return outcome.issued;
}

/** The reason of a refusal; undefined if it was issued. */
export function refusalOf(outcome: Outcome | undefined): string | undefined {
  return outcome !== undefined && 'error' in outcome ? outcome.error.reason : undefined;
}

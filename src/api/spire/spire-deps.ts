// What the services that SPIRE's agents and tools call need of the rest of the process.
import type { IssuanceService } from '../../ca/issuance.ts';
import type { RegistryChanges } from '../../registry/changes.ts';
import type { Registry } from '../../registry/registry.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/log.ts';
import type { X509Bundle } from '../../spiffe/bundle.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';

export interface SpireDeps {
  readonly trustDomain: TrustDomain;
  readonly registry: Registry;
  readonly issuance: IssuanceService<RegistryChanges>;
  /** The bundle of this trust domain as it is now. */
  readonly bundle: () => X509Bundle;
  readonly clock: Clock;
  readonly log: Logger;
  readonly agentTtlSeconds: number;
  /** Of workloads whose entry does not say. */
  readonly svidTtlSeconds: number;
  /** Of one address over TCP, which then waits; unlimited if absent. SPIRE has 1. */
  readonly attestationsPerSecond?: number;
}

// What the REST API needs of the rest of the process.
import type { Socket } from 'node:net';
import type { Origin } from '../../audit/ledger.ts';
import type { LogReader } from '../../audit/log-reader.ts';
import type { Authorities } from '../../ca/authorities.ts';
import type { Order, Outcome } from '../../ca/issuance.ts';
import type { RegistryReader } from '../../registry/reader.ts';
import type { Registry } from '../../registry/registry.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/log.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import type { Role } from './permissions.ts';

/** What is changed through REST; the rules are the registry's. */
export type RegistryWriter = Pick<
  Registry,
  'banAgent' | 'createEntry' | 'createJoinToken' | 'deleteEntry' | 'evictAgent' | 'updateEntry'
>;

/** What operators watch: prom-client's Registry fits. */
export interface MetricsSource {
  readonly contentType: string;
  metrics(): Promise<string>;
}

export interface RestDeps {
  readonly trustDomain: TrustDomain;
  readonly registry: RegistryWriter;
  readonly entries: RegistryReader;
  readonly log: LogReader;
  readonly authorities: Pick<Authorities, 'list' | 'bundle'>;
  readonly issuance: {
    issue(orders: readonly Order[], origin: Origin): Promise<readonly Outcome[]>;
  };
  /** Of SVIDs whose requester does not say. */
  readonly svidTtlSeconds: number;
  readonly metrics: MetricsSource;
  /** Names of what is not ready yet, of ours; empty once all is. */
  readonly notReady: () => readonly string[];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly version: string;
  /** What callers on this listener may do. */
  readonly role: Role;
  /**
   * Who a connection belongs to, `user:…`, for the log. Left out, it is read from the kernel.
   *
   * @throws SignetError `rest.unidentified` or `peer.*`
   */
  readonly actorOf?: (socket: Socket) => string;
}

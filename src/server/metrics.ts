// What operators watch, in the Prometheus format.
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { ServerState } from './state.ts';

/** Each value is read when it is asked for; nothing is counted in between. */
export function serverMetrics(
  { authorities, store, identity }: ServerState,
  connections: () => number,
): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const gauge = (name: string, help: string, read: () => number | Promise<number>) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        this.set(await read());
      },
    });
  gauge('signet_log_size', 'Leaves in the log', () => store.log.size());
  gauge('signet_agent_connections', 'Open connections of agents', connections);
  gauge(
    'signet_issuer_not_after_seconds',
    'When the active issuer ends, Unix seconds',
    () => authorities.issuers.value?.authority.notAfter ?? 0,
  );
  gauge(
    'signet_root_not_after_seconds',
    'When the active root ends, Unix seconds',
    () => authorities.activeRoot()?.notAfter ?? 0,
  );
  gauge(
    'signet_server_svid_not_after_seconds',
    "When the server's own SVID ends, Unix seconds",
    () => identity.svids.value.notAfter,
  );
  gauge(
    'signet_bundle_sequence',
    'Sequence number of the bundle',
    () => authorities.bundle().sequence,
  );
  return registry;
}

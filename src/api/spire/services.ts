// All services that SPIRE's agents and tools may call, bound with one rule for who may (spire-api A1).
import type { DescService } from '@bufbuild/protobuf';
import type { Server } from '@grpc/grpc-js';
import { Health } from '../../gen/grpc/health/v1/health_pb.js';
import { Agent } from '../../gen/spire/api/server/agent/v1/agent_pb.js';
import { Bundle } from '../../gen/spire/api/server/bundle/v1/bundle_pb.js';
import { Debug } from '../../gen/spire/api/server/debug/v1/debug_pb.js';
import { Entry } from '../../gen/spire/api/server/entry/v1/entry_pb.js';
import { LocalAuthority } from '../../gen/spire/api/server/localauthority/v1/localauthority_pb.js';
import { Logger } from '../../gen/spire/api/server/logger/v1/logger_pb.js';
import { SVID } from '../../gen/spire/api/server/svid/v1/svid_pb.js';
import { TrustDomain } from '../../gen/spire/api/server/trustdomain/v1/trustdomain_pb.js';
import type { Report } from '../../rpc/call.ts';
import { bindService, type ServiceImplementation, unimplemented } from '../../rpc/service.ts';
import { agentService } from './agent-service.ts';
import { authorizer } from './authorization.ts';
import { bundleService } from './bundle-service.ts';
import { entryService } from './entry-service.ts';
import { healthService } from './health-service.ts';
import { Refusals } from './refusals.ts';
import type { SpireDeps } from './spire-deps.ts';
import { svidService } from './svid-service.ts';

/** Through which door: `local` is the socket of administrators, on the machine of the server. */
export type Where = 'local' | 'tcp';

export function bindSpireServices(server: Server, deps: SpireDeps, where: Where): void {
  const refusals = new Refusals(deps);
  const options = { authorize: authorizer(deps, refusals), report: reporter(deps) };
  const bind = <Service extends DescService>(
    service: Service,
    implementation: ServiceImplementation<Service>,
  ) => bindService(server, service, implementation, options);

  bind(Agent, agentService(deps, refusals));
  bind(Bundle, bundleService(deps));
  bind(Entry, entryService(deps));
  bind(SVID, svidService(deps));
  bind(TrustDomain, unimplemented(TrustDomain));
  bind(LocalAuthority, unimplemented(LocalAuthority));
  if (where === 'tcp') return;
  bind(Debug, unimplemented(Debug));
  bind(Logger, unimplemented(Logger));
  bind(Health, healthService());
}

/** What is our fault is an error in the log; the rest is told for whoever looks for it. */
function reporter({ log }: Pick<SpireDeps, 'log'>): Report {
  return (err, { method, requestId }) => {
    const level = err.code === 'internal' ? 'error' : 'debug';
    log[level]({ err, method, req: requestId }, 'a call failed');
  };
}

// The standard health check, so that supervisors need nothing of ours to ask the agent.
import {
  type Health,
  HealthCheckResponse_ServingStatus as Status,
} from '../gen/grpc/health/v1/health_pb.js';
import type { ServiceImplementation } from '../rpc/service.ts';
import { SignetError } from '../runtime/errors.ts';
import type { Agent } from './agent.ts';

/** Serving once the server has said which entries there are, and then also while it is away. */
export function agentHealth({ ready }: Pick<Agent, 'ready'>): ServiceImplementation<typeof Health> {
  let status = Status.NOT_SERVING;
  const becomeReady = async (): Promise<void> => {
    await ready;
    status = Status.SERVING;
  };
  void becomeReady();
  const check = (service: string) => {
    if (service !== '') throw new SignetError('node.no_service');
    return { status };
  };
  return {
    check: async ({ service }) => check(service),
    list: async () => ({ statuses: { '': { status } } }),
    async *watch({ service }, { signal }) {
      yield check(service);
      const over = Promise.withResolvers<void>();
      signal.addEventListener('abort', () => over.resolve(), { once: true });
      if (status !== Status.SERVING) {
        await Promise.race([ready, over.promise]);
        yield { status: Status.SERVING };
      }
      await over.promise;
    },
  };
}

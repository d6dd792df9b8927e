// grpc.health.v1.Health on the server's own socket: whoever gets an answer is served.
import { create } from '@bufbuild/protobuf';
import {
  type Health,
  HealthCheckResponse_ServingStatus as Status,
  HealthCheckResponseSchema,
} from '../../gen/grpc/health/v1/health_pb.js';
import type { CallContext } from '../../rpc/call.ts';
import type { ServiceImplementation } from '../../rpc/service.ts';

const serving = create(HealthCheckResponseSchema, { status: Status.SERVING });

export function healthService(): ServiceImplementation<typeof Health> {
  return {
    check: () => Promise.resolve(serving),
    list: () => Promise.resolve({ statuses: { '': serving } }),
    async *watch(_request, context) {
      yield serving;
      await ended(context); // it changes no more
    },
  };
}

function ended({ signal }: CallContext): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

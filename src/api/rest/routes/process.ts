// What watches the process: /healthz, /readyz, /metrics.
import { Type } from 'typebox';
import type { App, RouteContext } from '../app.ts';
import * as field from '../wire/fields.ts';

export function addProcessRoutes(app: App, { metrics, notReady }: RouteContext): void {
  const tags = ['process'];

  app.get(
    '/healthz',
    {
      schema: {
        summary: 'Whether the process is alive',
        tags,
        response: { 200: field.object({ status: Type.Literal('alive') }) },
      },
    },
    async () => ({ status: 'alive' as const }),
  );

  const readiness = field.object({
    status: Type.Enum(['ready', 'not_ready']),
    waitingFor: Type.Array(Type.String()),
  });

  app.get(
    '/readyz',
    {
      schema: {
        summary: 'Whether it can serve',
        tags,
        response: { 200: readiness, 503: readiness },
      },
    },
    async (_request, reply) => {
      const waitingFor = [...notReady()];
      if (waitingFor.length === 0) return { status: 'ready' as const, waitingFor };
      reply.code(503);
      return { status: 'not_ready' as const, waitingFor };
    },
  );

  app.get(
    '/metrics',
    { schema: { summary: 'Metrics for Prometheus', tags, produces: ['text/plain'] } },
    async (_request, reply) => reply.type(metrics.contentType).send(await metrics.metrics()),
  );
}

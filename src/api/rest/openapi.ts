// The description of the API, made from the schemas of its routes (OpenAPI 3.1).
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';

export function openApiOptions(version: string): FastifyDynamicSwaggerOptions {
  return {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Signet',
        description:
          'Entries, agents, authorities and the issuance log. Failures are problem documents ' +
          '(RFC 9457) with a stable reason.',
        version,
      },
      servers: [{ url: '/' }],
      tags: [
        { name: 'entries', description: 'which workloads may have which SPIFFE ID' },
        { name: 'agents', description: 'node agents and the tokens they join with' },
        { name: 'authorities', description: 'roots and issuers' },
        { name: 'bundle', description: 'what workloads trust' },
        { name: 'certificates', description: 'what was issued' },
        { name: 'log', description: 'the issuance log, its checkpoints and proofs' },
        { name: 'process', description: 'health and metrics' },
      ],
    },
  };
}

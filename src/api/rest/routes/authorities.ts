// /v1/authorities and /v1/bundle
import { Type } from 'typebox';
import { formatBundleJwks, formatBundlePem } from '../../../pki/bundle-format.ts';
import type { App, RouteContext } from '../app.ts';
import { etagOf } from '../etag.ts';
import { authorityJson, authoritySchema } from '../wire/authority.ts';
import * as field from '../wire/fields.ts';

const pemType = 'application/x-pem-file';

export function addAuthorityRoutes(app: App, { authorities }: RouteContext): void {
  app.get(
    '/v1/authorities',
    {
      schema: {
        summary: 'List authorities, the oldest first',
        tags: ['authorities'],
        querystring: field.object({}),
        response: { 200: field.object({ items: Type.Array(authoritySchema) }) },
      },
    },
    async () => ({ items: authorities.list().map(authorityJson) }),
  );

  app.get(
    '/v1/bundle',
    {
      schema: {
        summary: 'The trust bundle: a SPIFFE JWK Set, or PEM for Accept: application/x-pem-file',
        tags: ['bundle'],
        querystring: field.object({}),
        produces: ['application/json', pemType],
      },
    },
    async (request, reply) => {
      const bundle = authorities.bundle();
      reply.header('etag', etagOf(bundle.sequence)).header('vary', 'accept');
      const wantsPem = (request.headers.accept ?? '').toLowerCase().includes(pemType);
      if (wantsPem) return reply.type(pemType).send(formatBundlePem(bundle));
      return reply.type('application/json').send(formatBundleJwks(bundle));
    },
  );
}

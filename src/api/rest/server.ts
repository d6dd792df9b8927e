// Builds the REST API: /v1 for admins, and what watches the process. It listens on a Unix socket or a
// loopback address only, which whoever starts it sees to.
import { randomUUID } from 'node:crypto';
import swagger from '@fastify/swagger';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { TSchema } from 'typebox';
import { SignetError } from '../../runtime/errors.ts';
import { actorOfSocket } from './actor.ts';
import type { App, RouteContext } from './app.ts';
import { Cursors } from './cursor.ts';
import type { RestDeps } from './deps.ts';
import { maxBodyBytes, parseJsonBody } from './json-body.ts';
import { openApiOptions } from './openapi.ts';
import { checkPermission, permissionOf } from './permissions.ts';
import { classify, type Problem, problemOf, problemType } from './problem.ts';
import { addAgentRoutes } from './routes/agents.ts';
import { addAuthorityRoutes } from './routes/authorities.ts';
import { addEntryRoutes } from './routes/entries.ts';
import { addLogRoutes } from './routes/log.ts';
import { addProcessRoutes } from './routes/process.ts';
import { addSvidRoutes } from './routes/svids.ts';
import { type Part, validatorOf } from './validate.ts';

const parts: readonly string[] = ['body', 'headers', 'params', 'querystring'] satisfies Part[];

/** @throws SignetError `internal` if a route has no row in permissions.ts */
export async function buildRestServer(deps: RestDeps): Promise<FastifyInstance> {
  const app: App = Fastify({
    logger: false,
    bodyLimit: maxBodyBytes,
    exposeHeadRoutes: false,
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    requestTimeout: 30_000,
    routerOptions: { maxParamLength: 4096 },
    frameworkErrors: (error, { id }, reply: FastifyReply) => {
      answerProblem(reply, problemOf(error, id));
    },
  }).withTypeProvider<TypeBoxTypeProvider>();
  const { actorOf = actorOfSocket } = deps;
  const context: RouteContext = {
    ...deps,
    cursors: new Cursors(),
    originOf: ({ id, raw }) => ({ actor: actorOf(raw.socket), requestId: id }),
  };
  readStrictly(app);
  answerProblems(app, deps);
  checkPermissions(app, deps);
  await app.register(swagger, openApiOptions(deps.version));
  app.get('/v1/openapi.json', { schema: { hide: true } }, () => app.swagger());
  addProcessRoutes(app, context);
  addEntryRoutes(app, context);
  addAgentRoutes(app, context);
  addAuthorityRoutes(app, context);
  addSvidRoutes(app, context);
  addLogRoutes(app, context);
  await app.ready();
  return app;
}

function readStrictly(app: App): void {
  app.removeAllContentTypeParsers();
  const types = ['application/json', 'application/merge-patch+json'];
  app.addContentTypeParser(types, { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, parseJsonBody(Buffer.from(body)));
    } catch (error) {
      done(SignetError.from(error));
    }
  });
  app.setValidatorCompiler<TSchema>(({ schema, httpPart }) => {
    return validatorOf(schema, partOf(httpPart));
  });
  // Answers are built member by member, so there is nothing to cut off them.
  app.setSerializerCompiler(() => (answer) => JSON.stringify(answer));
  app.setSchemaErrorFormatter(([error]) => SignetError.from(error));
}

function partOf(httpPart: string | undefined): Part {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one of them, as was just seen
  return httpPart !== undefined && parts.includes(httpPart) ? (httpPart as Part) : 'body';
}

function answerProblems(app: App, { logger }: RestDeps): void {
  app.setErrorHandler((thrown, request, reply) => {
    const problem = problemOf(thrown, request.id);
    if (problem.status >= 500) {
      logger.error({ requestId: request.id, err: classify(thrown) }, 'request failed');
    }
    return answerProblem(reply, problem);
  });
  app.setNotFoundHandler((request) => {
    throw new SignetError('rest.no_route', { details: { requestId: request.id } });
  });
  app.addHook('onSend', async (request, reply) => {
    reply.header('signet-request-id', request.id);
    reply.header('cache-control', 'no-store');
    reply.header('x-content-type-options', 'nosniff');
  });
}

function answerProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply.code(problem.status).type(problemType).send(JSON.stringify(problem));
}

function checkPermissions(app: App, { role }: RestDeps): void {
  app.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) permissionOf(one, url);
  });
  app.addHook('onRequest', async (request) => {
    checkHost(request);
    const { method, url } = request.routeOptions;
    if (url === undefined) return; // not found, for everybody alike
    checkPermission(role, permissionOf(String(method), url));
  });
}

const loopbackHost = /^(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]{1,5})?$/;

/** Web pages reach a loopback port under a name of theirs (DNS rebinding): that name gives them away. */
function checkHost({ headers, raw }: FastifyRequest): void {
  const isTcp = raw.socket.remoteAddress !== undefined;
  if (isTcp && !loopbackHost.test(headers.host ?? '')) throw new SignetError('rest.host');
}

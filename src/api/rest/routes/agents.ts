// /v1/agents and /v1/join-tokens
import { Type } from 'typebox';
import type { AgentFilter } from '../../../registry/reader.ts';
import { SignetError } from '../../../runtime/errors.ts';
import { parseSpiffeId } from '../../../spiffe/spiffe-id.ts';
import { type App, type RouteContext, stampReceipt } from '../app.ts';
import { listPage } from '../list.ts';
import { agentJson, agentSchema, joinTokenRequestSchema, joinTokenSchema } from '../wire/agent.ts';
import * as field from '../wire/fields.ts';

const params = field.object({ id: field.spiffeIdText });

const filterQuery = {
  attestationType: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  banned: Type.Optional(Type.Boolean()),
  canReattest: Type.Optional(Type.Boolean()),
  expiresBefore: Type.Optional(field.time),
};

export function addAgentRoutes(app: App, context: RouteContext): void {
  const { registry, entries, cursors, originOf } = context;
  const tags = ['agents'];

  app.get(
    '/v1/agents',
    {
      schema: {
        summary: 'List agents, sorted by SPIFFE ID',
        tags,
        querystring: field.object({ ...filterQuery, ...field.pageQuery }),
        response: { 200: field.pageOf(agentSchema) },
      },
    },
    async ({ query }) => {
      const { pageSize: _size, cursor: _cursor, expiresBefore, ...others } = query;
      const filter: AgentFilter = {
        ...others,
        ...(expiresBefore === undefined
          ? {}
          : { expiresBefore: Math.floor(field.parseTime(expiresBefore) / 1000) }),
      };
      return listPage({
        cursors,
        scope: ['agents', filter],
        query,
        read: (page) => entries.agents(filter, page),
        keyOf: ({ id }) => id,
        toJson: agentJson,
      });
    },
  );

  app.get(
    '/v1/agents/:id',
    {
      schema: {
        summary: 'Show an agent; its SPIFFE ID is percent-encoded',
        tags,
        params,
        response: { 200: agentSchema },
      },
    },
    async (request) => {
      const agent = await entries.agent(parseSpiffeId(request.params.id));
      if (agent === undefined) throw new SignetError('agent.not_found');
      return agentJson(agent);
    },
  );

  app.delete(
    '/v1/agents/:id',
    {
      schema: {
        summary: 'Evict an agent: forget it, so that it may attest again',
        tags,
        params,
        response: { 200: agentSchema },
      },
    },
    async (request, reply) => {
      const id = parseSpiffeId(request.params.id);
      const committed = await registry.evictAgent(id, originOf(request));
      stampReceipt(reply, committed);
      return agentJson(committed.result);
    },
  );

  app.post(
    '/v1/agents/:id(^[^:]+:[^:]+)::ban',
    {
      schema: {
        summary: 'Ban an agent: it may not attest again until it is evicted',
        tags,
        params,
        response: { 200: agentSchema },
      },
    },
    async (request, reply) => {
      const id = parseSpiffeId(request.params.id);
      const committed = await registry.banAgent(id, originOf(request));
      stampReceipt(reply, committed);
      return agentJson(committed.result);
    },
  );

  app.post(
    '/v1/join-tokens',
    {
      schema: {
        summary: 'Make a join token, which attests one agent once',
        tags,
        body: joinTokenRequestSchema,
        response: { 201: joinTokenSchema },
      },
    },
    async (request, reply) => {
      const { ttlSeconds = 600, agentId } = request.body;
      const named = agentId === undefined ? {} : { agentId: parseSpiffeId(agentId) };
      const committed = await registry.createJoinToken({ ttlSeconds, ...named }, originOf(request));
      stampReceipt(reply, committed);
      reply.code(201);
      const { token, expiresAt } = committed.result;
      return { token, expiresAt: field.formatSeconds(expiresAt), ...named };
    },
  );
}

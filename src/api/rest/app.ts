// The kind of fastify instance that routes are added to, and what each request carries.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  RawServerDefault,
} from 'fastify';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Origin, Receipt } from '../../audit/ledger.ts';
import type { Cursors } from './cursor.ts';
import type { RestDeps } from './deps.ts';

export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** What all routes are made with. */
export interface RouteContext extends RestDeps {
  readonly cursors: Cursors;
  /** @throws SignetError if it is not known who calls */
  readonly originOf: (request: Pick<FastifyRequest, 'id' | 'raw'>) => Origin;
}

export const logIndexHeader = 'signet-log-index';

/** Says where in the log a write is recorded. */
export function stampReceipt(reply: Pick<FastifyReply, 'header'>, { firstIndex }: Receipt): void {
  reply.header(logIndexHeader, String(firstIndex));
}

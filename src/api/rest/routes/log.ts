// /v1/log: entries, checkpoints and proofs.
import { Type } from 'typebox';
import type { LogQuery } from '../../../audit/log-reader.ts';
import { SignetError } from '../../../runtime/errors.ts';
import type { App, RouteContext } from '../app.ts';
import { listPage } from '../list.ts';
import * as field from '../wire/fields.ts';
import { logEntryJson, logEntrySchema } from '../wire/log-entry.ts';

const filterQuery = {
  kind: Type.Optional(Type.String({ pattern: '^[a-z0-9_.]{1,64}$', examples: ['x509.issued'] })),
  spiffeId: Type.Optional(field.spiffeIdText),
  serial: Type.Optional(field.hex),
  node: Type.Optional(field.spiffeIdText),
  entry: Type.Optional(field.entryIdText),
  actor: Type.Optional(Type.String({ minLength: 1, maxLength: 2100 })),
  since: Type.Optional(field.time),
  until: Type.Optional(field.time),
};

const proofSchema = field.object({
  index: field.logIndex,
  size: field.logIndex,
  leafHash: field.hex,
  hashes: Type.Array(field.hex),
  checkpoint: Type.String({ description: 'signed note; of this size or a later one' }),
});

const consistencySchema = field.object({
  from: field.logIndex,
  to: field.logIndex,
  hashes: Type.Array(field.hex),
});

const hexOf = (hash: Uint8Array): string => Buffer.from(hash).toString('hex');

export function addLogRoutes(app: App, { log, cursors }: RouteContext): void {
  const tags = ['log'];

  app.get(
    '/v1/log/entries',
    {
      schema: {
        summary: 'List log entries, the newest first',
        tags,
        querystring: field.object({ ...filterQuery, ...field.pageQuery }),
        response: { 200: field.pageOf(logEntrySchema) },
      },
    },
    async ({ query }) => {
      const { pageSize: _size, cursor: _cursor, since, until, ...others } = query;
      const filter: LogQuery = {
        ...others,
        ...(since === undefined ? {} : { sinceMs: field.parseTime(since) }),
        ...(until === undefined ? {} : { untilMs: field.parseTime(until) }),
      };
      return listPage({
        cursors,
        scope: ['log', filter],
        query,
        read: ({ size, after }) =>
          log.entries(filter, { size, ...(after === undefined ? {} : { before: Number(after) }) }),
        keyOf: ({ index }) => String(index),
        toJson: logEntryJson,
      });
    },
  );

  app.get(
    '/v1/log/entries/:index',
    {
      schema: {
        summary: 'Show a log entry',
        tags,
        params: field.object({ index: Type.String({ pattern: '^(0|[1-9][0-9]{0,14})$' }) }),
        response: { 200: logEntrySchema },
      },
    },
    async (request) => {
      const entry = await log.entry(Number(request.params.index));
      if (entry === undefined) throw new SignetError('rest.log_index');
      return logEntryJson(entry);
    },
  );

  app.get(
    '/v1/log/checkpoint',
    {
      schema: {
        summary: 'The newest checkpoint, a signed note (C2SP tlog-checkpoint)',
        tags,
        querystring: field.object({}),
        produces: ['text/plain'],
      },
    },
    async (_request, reply) => reply.type('text/plain; charset=utf-8').send(await log.checkpoint()),
  );

  app.get(
    '/v1/log/proof',
    {
      schema: {
        summary:
          'Prove that a certificate, or the entry of an index, is in the log (RFC 6962 2.1.1)',
        tags,
        querystring: Type.Object(
          {
            serial: Type.Optional(field.hex),
            index: Type.Optional(field.logIndex),
            size: Type.Optional(field.logIndex),
          },
          { additionalProperties: false },
        ),
        response: { 200: proofSchema },
      },
    },
    async ({ query: { serial, index, size } }) => {
      if ((serial === undefined) === (index === undefined)) throw new SignetError('rest.proof');
      const entry = serial === undefined ? await log.entry(index ?? 0) : await log.bySerial(serial);
      if (entry === undefined) {
        throw new SignetError(serial === undefined ? 'rest.log_index' : 'rest.no_certificate');
      }
      const proof = await log.inclusionProof(entry.index, size);
      return {
        index: proof.index,
        size: proof.size,
        leafHash: entry.leafHash,
        hashes: proof.hashes.map(hexOf),
        checkpoint: await log.checkpoint(),
      };
    },
  );

  app.get(
    '/v1/log/consistency',
    {
      schema: {
        summary: 'Prove that the log of one size begins with that of another (RFC 6962 2.1.2)',
        tags,
        querystring: field.object({ from: field.logIndex, to: field.logIndex }),
        response: { 200: consistencySchema },
      },
    },
    async ({ query }) => {
      const { from, to, hashes } = await log.consistencyProof(query.from, query.to);
      return { from, to, hashes: hashes.map(hexOf) };
    },
  );
}

// /v1/svids: certificates that were issued, as the log has them, and minting new ones.
import { Type } from 'typebox';
import type { LogEntry, LogQuery, LogReader } from '../../../audit/log-reader.ts';
import { parseWorkloadId } from '../../../registry/entry-draft.ts';
import { SignetError } from '../../../runtime/errors.ts';
import { type App, logIndexHeader, type RouteContext } from '../app.ts';
import { listPage } from '../list.ts';
import * as field from '../wire/fields.ts';
import { mintedSchema, mintRequestSchema, svidJson, svidSchema, validityOf } from '../wire/svid.ts';

const filterQuery = {
  spiffeId: Type.Optional(field.spiffeIdText),
  serial: Type.Optional(field.hex),
  node: Type.Optional(field.spiffeIdText),
  validAt: Type.Optional(field.time),
};

/** No SVID lives longer, so none valid at a moment was issued earlier before it. */
const longestLifeMs = 24 * 3_600_000;
/** notBefore may lie this much before the moment of issue. */
const longestBackdateMs = 600_000;

export function addSvidRoutes(app: App, context: RouteContext): void {
  const { trustDomain, log, cursors, issuance, authorities, originOf } = context;

  app.get(
    '/v1/svids',
    {
      schema: {
        summary: 'List X.509-SVIDs that were issued, the newest first; a view of the log',
        tags: ['certificates'],
        querystring: field.object({ ...filterQuery, ...field.pageQuery }),
        response: { 200: field.pageOf(svidSchema) },
      },
    },
    async ({ query }) => {
      const { pageSize: _size, cursor: _cursor, validAt, ...others } = query;
      const at = validAt === undefined ? undefined : field.parseTime(validAt);
      const filter: LogQuery = {
        kind: 'x509.issued',
        ...others,
        ...(at === undefined
          ? {}
          : { sinceMs: at - longestLifeMs, untilMs: at + longestBackdateMs }),
      };
      return listPage({
        cursors,
        scope: ['svids', filter],
        query,
        read: ({ size, after }) => {
          const from = after === undefined ? undefined : Number(after);
          return readValid(log, filter, { size, from, at });
        },
        keyOf: ({ index }) => String(index),
        toJson: svidJson,
      });
    },
  );

  app.post(
    '/v1/svids::mint',
    {
      schema: {
        summary: 'Issue an X.509-SVID for a key of the caller, without any entry',
        tags: ['certificates'],
        body: mintRequestSchema,
        response: { 201: mintedSchema },
      },
    },
    async (request, reply) => {
      const { csr, dnsNames = [], ttlSeconds = context.svidTtlSeconds } = request.body;
      const spiffeId = parseWorkloadId(request.body.spiffeId, trustDomain);
      const order = {
        csr: field.decodeBytes(csr),
        spiffeId,
        dnsNames,
        profile: 'workload',
        ttlSeconds,
      } as const;
      const [outcome] = await issuance.issue([order], originOf(request));
      if (outcome === undefined) throw new SignetError('internal');
      if ('error' in outcome) throw outcome.error;
      const { issued } = outcome;
      const logged = await log.bySerial(issued.serial);
      if (logged !== undefined) reply.header(logIndexHeader, String(logged.index));
      reply.code(201);
      return {
        spiffeId: issued.spiffeId,
        serial: issued.serial,
        notBefore: field.formatSeconds(issued.notBefore),
        notAfter: field.formatSeconds(issued.notAfter),
        chain: issued.chain.map(field.encodeBytes),
        bundle: authorities.bundle().authorities.map(field.encodeBytes),
      };
    },
  );
}

interface ValidPage {
  readonly size: number;
  readonly from: number | undefined;
  /** Unix milliseconds; undefined for whenever. */
  readonly at: number | undefined;
}

/** Reads on where entries of a page are left out for not being valid at the moment asked for. */
async function readValid(
  log: LogReader,
  filter: LogQuery,
  { size, from, at }: ValidPage,
): Promise<LogEntry[]> {
  const found: LogEntry[] = [];
  let before = from;
  for (;;) {
    const page = await log.entries(filter, { size, ...(before === undefined ? {} : { before }) });
    found.push(...page.filter((entry) => isValidAt(entry, at)));
    before = page.at(-1)?.index;
    if (page.length < size || found.length >= size || before === undefined) {
      return found.slice(0, size);
    }
  }
}

function isValidAt(entry: LogEntry, at: number | undefined): boolean {
  if (at === undefined) return true;
  const { notBefore, notAfter } = validityOf(entry);
  return notBefore * 1000 <= at && at < notAfter * 1000;
}

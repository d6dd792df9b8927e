// Reads the log.
import type { LogEntry, LogReader } from '../../audit/log-reader.ts';
import { proveConsistency, proveInclusion } from '../../audit/proof.ts';
import { SignetError } from '../../runtime/errors.ts';
import type { Sql } from '../sql.ts';
import { type LogEntryRow, searchLog } from './log-search.ts';
import { checkPage, isIndex } from './page.ts';
import { TileReader } from './tiles.ts';

interface SizeRow {
  readonly shard: number;
  readonly size: number | string;
}

interface CheckpointRow extends SizeRow {
  readonly note: string;
}

const shard = 1;
/** Word for word the condition of the index on serials, or it would not be used. */
const isIssued = "kind IN ('x509.issued', 'ca.cert.issued')";

export function logReader(sql: Sql): LogReader {
  const size = () => sizeIn(sql, 'log_head');
  const tiles = new TileReader(sql);
  return {
    size,

    async checkpoint() {
      const row = await sql<CheckpointRow>('checkpoint')
        .where({ shard })
        .orderBy('size', 'desc')
        .first();
      if (row === undefined) throw new SignetError('store.checkpoint_damaged');
      return row.note;
    },

    async entries(query, page) {
      checkPage(page.size, page.before);
      const indexed = await sizeIn(sql, 'log_indexed');
      const rows = await searchLog(sql, query, page, { indexed, size: await size() });
      return rows.map(logEntryOf);
    },

    async entry(index) {
      if (!isIndex(index)) return undefined;
      const row = await sql<LogEntryRow>('log_entry').where({ shard, idx: index }).first();
      return row === undefined ? undefined : logEntryOf(row);
    },

    async bySerial(serial) {
      const row = await sql<LogEntryRow & { serial: string }>('log_entry')
        .where({ serial })
        .whereRaw(isIssued)
        .orderBy('idx', 'desc')
        .first();
      return row === undefined ? undefined : logEntryOf(row);
    },

    async inclusionProof(index, wanted) {
      const present = await size();
      const treeSize = wanted ?? present;
      if (treeSize > present) throw new SignetError('proof.range');
      const hashes = await proveInclusion(tiles.at(present), index, treeSize);
      return { index, size: treeSize, hashes };
    },

    async consistencyProof(from, to) {
      const present = await size();
      if (to > present) throw new SignetError('proof.range');
      return { from, to, hashes: await proveConsistency(tiles.at(present), from, to) };
    },
  };
}

async function sizeIn(sql: Sql, table: 'log_head' | 'log_indexed'): Promise<number> {
  const row = await sql<SizeRow>(table).where({ shard }).first();
  return Number(row?.size ?? 0);
}

function logEntryOf({ idx, leaf_hash, body }: LogEntryRow): LogEntry {
  const leafHash = Buffer.from(leaf_hash).toString('hex');
  return { index: Number(idx), leafHash, data: Buffer.from(body ?? []).toString() };
}

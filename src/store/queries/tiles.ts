// Reads tiles for proofs. The full ones are stored; the open ones are computed from what is below them.
import type { Hash } from '../../audit/merkle.ts';
import type { TileSource } from '../../audit/proof.ts';
import { fullTiles, subtreeRoot, tileHashes, tileWidth } from '../../audit/tiles.ts';
import { SignetError } from '../../runtime/errors.ts';
import type { Sql } from '../sql.ts';
import type { LogEntryRow } from './log-search.ts';

interface TileRow {
  readonly shard: number;
  readonly level: number;
  readonly n: number;
  readonly data: Uint8Array;
}

const shard = 1;

/** Enough for the open tiles of 2^32 entries. */
const maxRoots = 1024;

export class TileReader {
  readonly #sql: Sql;
  /** Roots of full tiles, which never change. */
  readonly #roots = new Map<string, Hash>();

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** The tiles of the log at its present size. */
  at(size: number): TileSource {
    return async (level, n, width) => {
      if (n < fullTiles(size, level)) return this.#full(level, n);
      const from = n * tileWidth;
      if (level === 0) return this.#entryHashes(from, width);
      const hashes: Hash[] = [];
      for (let below = from; below < from + width; below += 1) {
        hashes.push(await this.#rootOf(level - 1, below));
      }
      return hashes;
    };
  }

  async #rootOf(level: number, n: number): Promise<Hash> {
    const name = `${level}/${n}`;
    const known = this.#roots.get(name);
    if (known !== undefined) return known;
    const root = subtreeRoot(await this.#full(level, n));
    if (this.#roots.size >= maxRoots) this.#roots.clear();
    this.#roots.set(name, root);
    return root;
  }

  async #full(level: number, n: number): Promise<Hash[]> {
    const row = await this.#sql<TileRow>('log_tile').where({ shard, level, n }).first();
    if (row === undefined) throw new SignetError('store.head_damaged');
    return tileHashes(row.data);
  }

  async #entryHashes(from: number, width: number): Promise<Hash[]> {
    const rows = await this.#sql<LogEntryRow>('log_entry')
      .where({ shard })
      .whereBetween('idx', [from, from + width - 1])
      .orderBy('idx');
    return rows.map(({ leaf_hash }) => leaf_hash);
  }
}

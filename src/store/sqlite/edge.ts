// Computes the right edge of the tree from what is stored, which is also how the head is checked: it
// must be what its tiles and entries add up to.
import type { Database } from 'better-sqlite3';
import type { Hash } from '../../audit/merkle.ts';
import { fullTiles, openWidth, subtreeRoot, tileHashes, tileWidth } from '../../audit/tiles.ts';
import { SignetError } from '../../runtime/errors.ts';
import { shard } from './log-rows.ts';

/**
 * The edge of a tree of `size` leaves. Reads the hashes of at most 255 entries, and 255 tiles a level.
 *
 * @throws SignetError `store.head_damaged` if an entry or a tile is missing, or there are more
 */
export function readEdge(database: Database, size: number): Hash[][] {
  const edge: Hash[][] = [readOpenEntries(database, size)];
  for (let level = 1; fullTiles(size, level - 1) > 0; level += 1) {
    edge.push(readOpenTile(database, level, size));
  }
  return edge;
}

function readOpenEntries(database: Database, size: number): Hash[] {
  const from = size - openWidth(size, 0);
  const rows = database
    .prepare<[number, number], { idx: number; leaf_hash: Buffer }>(
      'SELECT idx, leaf_hash FROM log_entry WHERE shard = ? AND idx >= ? ORDER BY idx LIMIT 257',
    )
    .all(shard, from);
  const isWhole = rows.every(({ idx }, position) => idx === from + position);
  if (!isWhole || rows.length !== size - from) throw new SignetError('store.head_damaged');
  return rows.map(({ leaf_hash }) => leaf_hash);
}

/** The open tile of a level above 0 is not stored: each of its hashes is the root of a full tile below. */
function readOpenTile(database: Database, level: number, size: number): Hash[] {
  const width = openWidth(size, level);
  const from = fullTiles(size, level - 1) - width;
  const rows = database
    .prepare<[number, number, number], { n: number; data: Buffer }>(
      'SELECT n, data FROM log_tile WHERE shard = ? AND level = ? AND n >= ? ORDER BY n LIMIT 257',
    )
    .all(shard, level - 1, from);
  const isWhole = rows.every(
    ({ n, data }, at) => n === from + at && data.length === tileWidth * 32,
  );
  if (!isWhole || rows.length !== width) throw new SignetError('store.head_damaged');
  return rows.map(({ data }) => subtreeRoot(tileHashes(data)));
}

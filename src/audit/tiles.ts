// The tree in tiles (C2SP tlog-tiles): tile n of level l holds the 256 hashes that begin at index
// 256 n of the tree's level 8 l. Full tiles never change, and all else is computed from them.
import { type Hash, nodeHash, type Tree } from './merkle.ts';

export const tileWidth = 256;
const hashBytes = 32;

/**
 * The right edge of a tree: of each level the hashes of its open tile, level 0 first. It says all
 * that `Tree` says, and what the next full tile holds.
 */
export type Edge = readonly (readonly Hash[])[];

export interface FullTile {
  readonly level: number;
  readonly n: number;
  /** 8192 bytes. */
  readonly data: Uint8Array;
}

/** How many hashes the open tile of a level holds in a tree of `size` leaves. */
export function openWidth(size: number, level: number): number {
  return Math.floor(size / tileWidth ** level) % tileWidth;
}

/** How many full tiles of a level there are in a tree of `size` leaves. */
export function fullTiles(size: number, level: number): number {
  return Math.floor(size / tileWidth ** (level + 1));
}

/**
 * Adds a leaf to an edge, which is changed, and gives the tiles that it filled, lowest level first.
 *
 * @param size of the tree without the leaf
 */
export function extendEdge(edge: Hash[][], size: number, leaf: Hash): FullTile[] {
  const filled: FullTile[] = [];
  let hash = leaf;
  for (let level = 0; ; level += 1) {
    const open = (edge[level] ??= []);
    open.push(hash);
    if (open.length < tileWidth) return filled;
    const n = Math.floor(size / tileWidth ** (level + 1));
    filled.push({ level, n, data: Buffer.concat(open) });
    hash = subtreeRoot(open);
    edge[level] = [];
  }
}

/** The tree that an edge belongs to. */
export function treeOfEdge(edge: Edge): Tree {
  const size = edge.reduce((sum, { length }, level) => sum + length * tileWidth ** level, 0);
  return { size, range: edge.toReversed().flatMap(perfectSubtrees) };
}

/** The root of a perfect subtree, from a power of two of hashes. */
export function subtreeRoot(hashes: readonly Hash[]): Hash {
  let level = hashes;
  while (level.length > 1) level = parents(level);
  const [root] = level;
  if (root === undefined) throw new RangeError('a subtree has at least one hash');
  return root;
}

/** Takes the data of a tile apart; views of it. */
export function tileHashes(data: Uint8Array): Hash[] {
  return Array.from({ length: data.length / hashBytes }, (_, index) =>
    data.subarray(index * hashBytes, (index + 1) * hashBytes),
  );
}

function parents(hashes: readonly Hash[]): Hash[] {
  const level: Hash[] = [];
  let left: Hash | undefined;
  for (const hash of hashes) {
    if (left === undefined) {
      left = hash;
    } else {
      level.push(nodeHash(left, hash));
      left = undefined;
    }
  }
  return level;
}

/** The roots of the perfect subtrees over fewer than 256 hashes, the largest first. */
function perfectSubtrees(hashes: readonly Hash[]): Hash[] {
  const roots: Hash[] = [];
  let from = 0;
  for (let width = tileWidth / 2; width >= 1; width /= 2) {
    if ((hashes.length & width) === 0) continue;
    roots.push(subtreeRoot(hashes.slice(from, from + width)));
    from += width;
  }
  return roots;
}

// Proofs about the tree (RFC 6962 2.1.1 and 2.1.2): that a leaf is in it, and that it begins with an
// older one. They are made out of tiles, and checked with nothing but hashes.
import { SignetError } from '../runtime/errors.ts';
import { type Hash, nodeHash } from './merkle.ts';
import { subtreeRoot, tileWidth } from './tiles.ts';

/** Gives `width` hashes of a tile, the first ones, where so many are in the tree. */
export type TileSource = (level: number, n: number, width: number) => Promise<readonly Hash[]>;

/** Leaves `from` up to, not including, `to`. */
interface Range {
  readonly from: number;
  readonly to: number;
}

/** Tiles have eight levels of the tree each. */
const tileLevels = 8;

/**
 * The audit path of a leaf in a tree of `size` leaves, the lowest hash first.
 *
 * @throws SignetError `proof.range`
 */
export async function proveInclusion(
  tiles: TileSource,
  index: number,
  size: number,
): Promise<Hash[]> {
  if (!isCount(index) || !isCount(size) || index >= size) throw new SignetError('proof.range');
  const siblings: Range[] = [];
  let range = { from: 0, to: size };
  while (range.to - range.from > 1) {
    const { left, right } = split(range);
    siblings.unshift(index < left.to ? right : left);
    range = index < left.to ? left : right;
  }
  return hashesOf(tiles, siblings);
}

/**
 * That the tree of `to` leaves begins with that of `from` leaves.
 *
 * @throws SignetError `proof.range`
 */
export async function proveConsistency(
  tiles: TileSource,
  from: number,
  to: number,
): Promise<Hash[]> {
  if (!isCount(from) || !isCount(to) || from > to) throw new SignetError('proof.range');
  if (from === 0 || from === to) return [];
  const siblings: Range[] = [];
  let range = { from: 0, to };
  while (range.to > from) {
    const { left, right } = split(range);
    siblings.unshift(from <= left.to ? right : left);
    range = from <= left.to ? left : right;
  }
  return hashesOf(tiles, range.from === 0 ? siblings : [range, ...siblings]);
}

/** Checks an audit path (RFC 9162 2.1.3.2). */
export function includes(
  leaf: Hash,
  { index, size, hashes }: { index: number; size: number; hashes: readonly Hash[] },
  root: Hash,
): boolean {
  if (!isCount(index) || !isCount(size) || index >= size) return false;
  let [fn, sn] = [index, size - 1];
  let hash = leaf;
  for (const sibling of hashes) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      hash = nodeHash(sibling, hash);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && equal(hash, root);
}

/** Checks a consistency proof between the roots of two sizes (RFC 9162 2.1.4.2). */
export function extendsTree(
  { from, to, hashes }: { from: number; to: number; hashes: readonly Hash[] },
  fromRoot: Hash,
  toRoot: Hash,
): boolean {
  if (!isCount(from) || !isCount(to) || from > to) return false;
  if (from === to) return hashes.length === 0 && equal(fromRoot, toRoot);
  if (from === 0) return hashes.length === 0;
  let [fn, sn] = [from - 1, to - 1];
  while (fn % 2 === 1) [fn, sn] = [half(fn), half(sn)];
  const [first, ...rest] = fn === 0 ? [fromRoot, ...hashes] : hashes;
  if (first === undefined) return false;
  let [fr, sr] = [first, first];
  for (const sibling of rest) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      [fr, sr] = [nodeHash(sibling, fr), nodeHash(sibling, sr)];
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      sr = nodeHash(sr, sibling);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && equal(fr, fromRoot) && equal(sr, toRoot);
}

/** The largest power of two below the width goes left (RFC 6962 2.1). */
function split({ from, to }: Range): { left: Range; right: Range } {
  let width = 1;
  while (width * 2 < to - from) width *= 2;
  return { left: { from, to: from + width }, right: { from: from + width, to } };
}

async function hashesOf(tiles: TileSource, ranges: readonly Range[]): Promise<Hash[]> {
  const hashes: Hash[] = [];
  for (const range of ranges) hashes.push(await hashOf(tiles, range));
  return hashes;
}

async function hashOf(tiles: TileSource, range: Range): Promise<Hash> {
  const width = range.to - range.from;
  const level = Math.log2(width);
  if (Number.isInteger(level)) return perfect(tiles, level, range.from / width);
  const { left, right } = split(range);
  return nodeHash(await hashOf(tiles, left), await hashOf(tiles, right));
}

/** Hash `index` of a level of the tree, put together from the tile that holds it. */
async function perfect(tiles: TileSource, level: number, index: number): Promise<Hash> {
  const count = 2 ** (level % tileLevels);
  const first = index * count;
  const end = (first % tileWidth) + count;
  const hashes = await tiles(Math.floor(level / tileLevels), Math.floor(first / tileWidth), end);
  return subtreeRoot(hashes.slice(end - count, end));
}

function half(count: number): number {
  return Math.floor(count / 2);
}

function isCount(count: number): boolean {
  return Number.isSafeInteger(count) && count >= 0;
}

function equal(a: Hash, b: Hash): boolean {
  return Buffer.compare(a, b) === 0;
}

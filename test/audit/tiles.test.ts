import { describe, expect, it } from 'vitest';
import { append, emptyTree, type Hash, leafHash, rootHash } from '../../src/audit/merkle.ts';
import {
  extendEdge,
  type FullTile,
  fullTiles,
  openWidth,
  subtreeRoot,
  tileHashes,
  treeOfEdge,
} from '../../src/audit/tiles.ts';

const leafAt = (index: number) => leafHash(Buffer.from(String(index)));

describe('extendEdge', () => {
  it('keeps the tree that appending leaf by leaf gives, at every size', () => {
    const edge: Hash[][] = [];
    let tree = emptyTree;
    for (let size = 0; size < 1100; size += 1) {
      extendEdge(edge, size, leafAt(size));
      tree = append(tree, leafAt(size));
      expect(treeOfEdge(edge)).toEqual(tree);
    }
  });

  it('gives a tile of each level when it is full, and only then', () => {
    const edge: Hash[][] = [];
    const leaf = leafAt(0);
    const tiles: FullTile[] = [];
    for (let size = 0; size < 65_536; size += 1) tiles.push(...extendEdge(edge, size, leaf));
    expect(tiles.filter(({ level }) => level === 0).map(({ n }) => n)).toEqual(
      Array.from({ length: 256 }, (_, n) => n),
    );
    expect(tiles.filter(({ level }) => level === 1).map(({ n }) => n)).toEqual([0]);
    const [first, last] = [tiles[0]?.data ?? Buffer.of(), tiles.at(-1)?.data ?? Buffer.of()];
    expect(tileHashes(last)[0]).toEqual(subtreeRoot(tileHashes(first)));
    expect(rootHash(treeOfEdge(edge))).toEqual(subtreeRoot(tileHashes(last)));
  });
});

describe('openWidth and fullTiles', () => {
  it.each([
    { size: 0, level: 0, open: 0, full: 0 },
    { size: 255, level: 0, open: 255, full: 0 },
    { size: 256, level: 0, open: 0, full: 1 },
    { size: 256, level: 1, open: 1, full: 0 },
    { size: 65_537, level: 0, open: 1, full: 256 },
    { size: 65_537, level: 1, open: 0, full: 1 },
    { size: 2 ** 40, level: 4, open: 0, full: 1 },
  ])('count $size leaves on level $level', ({ size, level, open, full }) => {
    expect(openWidth(size, level)).toBe(open);
    expect(fullTiles(size, level)).toBe(full);
  });
});

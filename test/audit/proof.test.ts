import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { append, emptyTree, type Hash, leafHash, rootHash } from '../../src/audit/merkle.ts';
import {
  extendsTree,
  includes,
  proveConsistency,
  proveInclusion,
  type TileSource,
} from '../../src/audit/proof.ts';
import { subtreeRoot, tileWidth } from '../../src/audit/tiles.ts';
import { SignetError } from '../../src/runtime/errors.ts';
import { entries, proofs } from '../vectors/audit.ts';

const bytes = (hex: string) => Buffer.from(hex, 'hex');
const hexes = (hashes: readonly Hash[]) => hashes.map((hash) => Buffer.from(hash).toString('hex'));
const leavesOf = (count: number) =>
  Array.from({ length: count }, (_, index) => leafHash(Buffer.from(String(index))));
const rootOf = (leaves: readonly Hash[]) => rootHash(leaves.reduce(append, emptyTree));

/** Tiles of a list of leaves, made when they are asked for. */
function tilesOver(leaves: readonly Hash[]): TileSource {
  const hash = (level: number, index: number): Hash =>
    level === 0
      ? (leaves[index] ?? bytes(''))
      : subtreeRoot(
          Array.from({ length: tileWidth }, (_, at) => hash(level - 1, index * tileWidth + at)),
        );
  return async (level, n, width) =>
    Array.from({ length: width }, (_, at) => hash(level, n * tileWidth + at));
}

async function reasonOf(promise: Promise<unknown>) {
  const error: unknown = await promise.catch((thrown: unknown) => thrown);
  return error instanceof SignetError ? error.reason : undefined;
}

describe('proveInclusion', () => {
  it('agrees with the reference', async () => {
    const tiles = tilesOver(entries.map(({ hash }) => bytes(hash)));
    const { index, size, hashes } = proofs.inclusion;
    expect(hexes(await proveInclusion(tiles, index, size))).toEqual(hashes);
  });

  it.each([
    { index: 3, size: 3 },
    { index: -1, size: 3 },
    { index: 0.5, size: 3 },
    { index: 0, size: 0 },
    { index: Number.NaN, size: 3 },
    { index: 0, size: 2 ** 53 },
  ])('refuses index $index of size $size', async ({ index, size }) => {
    expect(await reasonOf(proveInclusion(tilesOver(leavesOf(3)), index, size))).toBe('proof.range');
  });

  it('proves every leaf of every tree, also across tiles', async () => {
    const leaves = leavesOf(700);
    const tiles = tilesOver(leaves);
    const positions = fc
      .integer({ min: 1, max: 700 })
      .chain((size) => fc.tuple(fc.integer({ min: 0, max: size - 1 }), fc.constant(size)));
    await fc.assert(
      fc.asyncProperty(positions, async ([index, size]) => {
        const hashes = await proveInclusion(tiles, index, size);
        const root = rootOf(leaves.slice(0, size));
        const leaf = leaves[index] ?? bytes('');
        expect(includes(leaf, { index, size, hashes }, root)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

describe('includes', () => {
  const leaves = leavesOf(300);
  const root = rootOf(leaves);
  const proof = async () => ({
    index: 7,
    size: 300,
    hashes: await proveInclusion(tilesOver(leaves), 7, 300),
  });
  const leaf = leafHash(Buffer.from('7'));

  it('refuses another leaf, index, size or root', async () => {
    const good = await proof();
    expect(includes(leaf, good, root)).toBe(true);
    expect(includes(leafHash(Buffer.from('8')), good, root)).toBe(false);
    expect(includes(leaf, { ...good, index: 6 }, root)).toBe(false);
    expect(includes(leaf, { ...good, size: 120 }, root)).toBe(false);
    expect(includes(leaf, { ...good, index: 300 }, root)).toBe(false);
    expect(includes(leaf, good, rootOf(leaves.slice(1)))).toBe(false);
  });

  it('refuses a proof with a hash more, a hash less, or one changed', async () => {
    const good = await proof();
    const { hashes } = good;
    const [first = bytes(''), ...rest] = hashes;
    expect(includes(leaf, { ...good, hashes: [...hashes, first] }, root)).toBe(false);
    expect(includes(leaf, { ...good, hashes: rest }, root)).toBe(false);
    expect(includes(leaf, { ...good, hashes: [leaf, ...rest] }, root)).toBe(false);
  });
});

describe('a proof that is too short', () => {
  it('does not pass for one of a larger tree', () => {
    const [one, two] = [leafHash(Buffer.from('1')), leafHash(Buffer.from('2'))];
    expect(includes(one, { index: 0, size: 2, hashes: [] }, one)).toBe(false);
    expect(includes(one, { index: 0, size: 1, hashes: [] }, one)).toBe(true);
    expect(extendsTree({ from: 1, to: 2, hashes: [] }, one, one)).toBe(false);
    expect(extendsTree({ from: 1, to: 3, hashes: [two] }, one, rootOf([one, two]))).toBe(false);
    expect(extendsTree({ from: 1, to: 2, hashes: [two] }, one, rootOf([one, two]))).toBe(true);
  });
});

describe('proveConsistency', () => {
  it('agrees with the reference', async () => {
    const tiles = tilesOver(entries.map(({ hash }) => bytes(hash)));
    const { from, to, hashes } = proofs.consistency;
    expect(hexes(await proveConsistency(tiles, from, to))).toEqual(hashes);
  });

  it('refuses to go backwards', async () => {
    expect(await reasonOf(proveConsistency(tilesOver(leavesOf(3)), 3, 2))).toBe('proof.range');
  });

  it('proves every pair of trees, and no tree against another history', async () => {
    const leaves = leavesOf(700);
    const tiles = tilesOver(leaves);
    const forged = leaves.with(0, leafHash(Buffer.from('forged')));
    const sizes = fc
      .integer({ min: 1, max: 700 })
      .chain((to) => fc.tuple(fc.integer({ min: 1, max: to }), fc.constant(to)));
    await fc.assert(
      fc.asyncProperty(sizes, async ([from, to]) => {
        const hashes = await proveConsistency(tiles, from, to);
        const [before, after] = [rootOf(leaves.slice(0, from)), rootOf(leaves.slice(0, to))];
        expect(extendsTree({ from, to, hashes }, before, after)).toBe(true);
        const other = rootOf(forged.slice(0, from));
        expect(extendsTree({ from, to, hashes }, other, after)).toBe(false);
        expect(extendsTree({ from, to, hashes }, before, other)).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  it('says of the empty tree that every tree begins with it', async () => {
    const hashes = await proveConsistency(tilesOver(leavesOf(3)), 0, 3);
    expect(extendsTree({ from: 0, to: 3, hashes }, rootOf([]), rootOf(leavesOf(3)))).toBe(true);
  });
});

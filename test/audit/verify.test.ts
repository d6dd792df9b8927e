import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { signCheckpoint } from '../../src/audit/checkpoint.ts';
import { deriveColumns } from '../../src/audit/columns.ts';
import { encodeLeaf } from '../../src/audit/leaf.ts';
import type { LogSource, StoredCheckpoint, StoredEntry } from '../../src/audit/log-source.ts';
import { append, emptyTree, type Hash, leafHash, rootHash } from '../../src/audit/merkle.ts';
import { noteSigner } from '../../src/audit/note-key.ts';
import { extendEdge } from '../../src/audit/tiles.ts';
import { verifyLog } from '../../src/audit/verify.ts';
import { logPrivateKey, origin } from '../vectors/audit.ts';

const signer = noteSigner(origin, logPrivateKey);

interface MemoryLog {
  entries: StoredEntry[];
  checkpoints: StoredCheckpoint[];
  readonly source: LogSource;
}

/** A log in memory with a checkpoint at each of the sizes, and at the end. */
function memoryLog(count: number, sizes: readonly number[] = []): MemoryLog {
  const tiles = new Map<string, Uint8Array>();
  const edge: Hash[][] = [];
  const entries: StoredEntry[] = [];
  const checkpoints: StoredCheckpoint[] = [];
  let tree = emptyTree;
  for (let index = 0; index < count; index += 1) {
    const data = Buffer.from(encodeLeaf({ t: 'system.start', ts: index, actor: 'system:test' }));
    const hash = leafHash(data);
    entries.push({ index, leafHash: hash, data, columns: deriveColumns(data) });
    for (const tile of extendEdge(edge, index, hash))
      tiles.set(`${tile.level}/${tile.n}`, tile.data);
    tree = append(tree, hash);
    if (sizes.includes(tree.size) || tree.size === count) {
      const note = signCheckpoint(tree, signer);
      checkpoints.push({ size: tree.size, root: rootHash(tree), note });
    }
  }
  const head = { size: count, root: rootHash(tree), range: Buffer.concat(tree.range) };
  const log: MemoryLog = {
    entries,
    checkpoints,
    source: {
      head: () => head,
      entries: () => log.entries,
      checkpoints: () => log.checkpoints,
      tile: (level, n) => tiles.get(`${level}/${n}`),
      duplicateSerials: () => [],
    },
  };
  return log;
}

const problems = ({ source }: MemoryLog, saved: readonly string[] = []) =>
  [...verifyLog(source, signer.key, { saved })].map(({ problem, at }) => `${problem} ${at}`);

const positions = fc.record({
  count: fc.integer({ min: 1, max: 600 }),
  at: fc.nat(),
  bit: fc.nat(),
});

describe('verifyLog', () => {
  it('finds nothing in a log of any size, with checkpoints anywhere', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 600 }), fc.array(fc.nat(600)), (count, sizes) => {
        expect(problems(memoryLog(count, sizes))).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });

  it('names the entry of which any one bit was changed', () => {
    fc.assert(
      fc.property(positions, ({ count, at, bit }) => {
        const log = memoryLog(count);
        const index = at % count;
        const entry = log.entries[index];
        const data = Buffer.from(entry?.data ?? []);
        const place = Math.floor(bit / 8) % data.length;
        data[place] = (data[place] ?? 0) ^ (1 << (bit % 8));
        log.entries = log.entries.map((each) => (each.index === index ? { ...each, data } : each));
        const found = problems(log);
        expect(found).toContain(`entry.body ${index}`);
        expect(found.every((finding) => finding.endsWith(` ${index}`))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it('names any entry that is missing', () => {
    fc.assert(
      fc.property(positions, ({ count, at }) => {
        const log = memoryLog(count);
        const missing = at % count;
        log.entries = log.entries.filter(({ index }) => index !== missing);
        expect(problems(log)[0]).toBe(`entry.missing ${missing}`);
      }),
      { numRuns: 30 },
    );
  });

  it('says of one wrong checkpoint among good ones that it is wrong, and of no other', () => {
    const log = memoryLog(500, [100, 200, 300]);
    const forged = signCheckpoint({ size: 200, range: [leafHash(Buffer.of())] }, signer);
    const root = Buffer.from(forged.split('\n')[2] ?? '', 'base64');
    log.checkpoints = log.checkpoints.map((each) =>
      each.size === 200 ? { size: 200, root, note: forged } : each,
    );
    expect(problems(log)).toEqual(['checkpoint.root 200']);
  });

  it('reports a broken history once, not at each checkpoint after it', () => {
    const log = memoryLog(250, [50, 100, 150, 200]);
    const [a, b] = [log.entries[120], log.entries[121]];
    log.entries = log.entries.map((each) => {
      if (a === undefined || b === undefined) return each;
      if (each === a) return { ...b, index: a.index };
      return each === b ? { ...a, index: b.index } : each;
    });
    expect(problems(log)).toEqual(['checkpoint.root 150', 'head.root 250', 'head.range 250']);
  });

  it('compares saved checkpoints of any size, the forged ones too', () => {
    const log = memoryLog(300, [100]);
    const longer = memoryLog(301);
    const saved = [log.checkpoints[0]?.note ?? '', longer.checkpoints[0]?.note ?? '', 'no note'];
    expect(problems(log, saved.slice(0, 1))).toEqual([]);
    expect(problems(log, saved)).toEqual(['checkpoint.signature 0', 'checkpoint.beyond 301']);
    const fork = memoryLog(200);
    const other = signCheckpoint({ size: 100, range: [leafHash(Buffer.of())] }, signer);
    expect(problems(fork, [other])).toEqual(['checkpoint.root 100']);
  });

  it('names an entry that no verifier can read', () => {
    const log = memoryLog(3);
    const data = Buffer.from('garbage');
    log.entries = log.entries.map((each) => (each.index === 1 ? { ...each, data } : each));
    expect(problems(log)).toEqual(['entry.body 1', 'entry.malformed 1']);
  });
});

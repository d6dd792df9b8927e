// The offline verifier: reads a stored log once from its first entry to its last, and says all that is
// wrong with it. Memory does not grow with the log.
import { openCheckpoint } from './checkpoint.ts';
import type { Finding } from './finding.ts';
import type { LogSource, StoredCheckpoint, StoredHead } from './log-source.ts';
import { rootHash, type Tree } from './merkle.ts';
import type { NoteKey } from './note-key.ts';
import { AuthorityTrail, verifyEntry } from './verify-entry.ts';
import { TreeCheck } from './verify-tree.ts';

export interface VerifyOptions {
  /** Checkpoints kept elsewhere. Only they can show that the end of the log was cut off. */
  readonly saved?: readonly string[];
  /** Told of the number of entries read, every 10,000. */
  readonly onProgress?: (entries: number, size: number) => void;
}

const progressEvery = 10_000;

/** @returns the findings as they come up; none if the log is as it was written */
export function* verifyLog(
  source: LogSource,
  key: NoteKey,
  { saved = [], onProgress }: VerifyOptions = {},
): Generator<Finding> {
  const head = source.head();
  if (head === undefined) {
    yield { problem: 'head.missing', at: 0 };
    return;
  }
  const check = new TreeCheck(source, key, head.size);
  const trail = new AuthorityTrail();
  const checkpoints = merged(source.checkpoints(), kept(saved, key));
  let checkpoint = checkpoints.next();
  let newest = 0;

  function* compareUpTo(size: number): Generator<Finding> {
    while (!checkpoint.done && checkpoint.value.size <= size) {
      yield* check.compare(checkpoint.value);
      newest = checkpoint.value.size;
      checkpoint = checkpoints.next();
    }
  }

  function* fillTo(index: number): Generator<Finding> {
    while (check.tree.size < index) {
      yield { problem: 'entry.missing', at: check.tree.size };
      yield* check.add(undefined);
      yield* compareUpTo(check.tree.size);
    }
  }

  for (const entry of source.entries()) {
    if (entry.index >= head.size) {
      yield { problem: 'entry.surplus', at: entry.index };
      continue;
    }
    yield* fillTo(entry.index);
    yield* verifyEntry(entry);
    yield* trail.follow(entry);
    yield* check.add(entry.leafHash);
    yield* compareUpTo(check.tree.size);
    if (check.tree.size % progressEvery === 0) onProgress?.(check.tree.size, head.size);
  }
  yield* fillTo(head.size);
  yield* check.finish();
  yield* verifyHead(head, check.tree);
  if (newest !== head.size) yield { problem: 'checkpoint.missing', at: head.size };
  for (; !checkpoint.done; checkpoint = checkpoints.next()) {
    yield { problem: 'checkpoint.beyond', at: checkpoint.value.size };
  }
  for (const { serial } of source.duplicateSerials()) {
    yield { problem: 'serial.duplicate', at: head.size, what: serial };
  }
}

function* verifyHead({ size, root, range }: StoredHead, tree: Tree): Generator<Finding> {
  if (size !== tree.size) yield { problem: 'head.size', at: size };
  if (Buffer.compare(root, rootHash(tree)) !== 0) yield { problem: 'head.root', at: size };
  if (Buffer.compare(range, Buffer.concat(tree.range)) !== 0) {
    yield { problem: 'head.range', at: size };
  }
}

/** Notes from elsewhere in the form of stored ones. One that does not open stands for the first finding. */
function kept(notes: readonly string[], key: NoteKey): StoredCheckpoint[] {
  return notes
    .map((note) => {
      try {
        return { ...openCheckpoint(note, key), note };
      } catch {
        return { size: 0, root: new Uint8Array(), note };
      }
    })
    .toSorted((a, b) => a.size - b.size);
}

/** Both by size. */
function* merged(
  stored: Iterable<StoredCheckpoint>,
  saved: StoredCheckpoint[],
): Generator<StoredCheckpoint, undefined> {
  let next = 0;
  for (const checkpoint of stored) {
    for (; next < saved.length; next += 1) {
      const other = saved[next];
      if (other === undefined || other.size > checkpoint.size) break;
      yield other;
    }
    yield checkpoint;
  }
  yield* saved.slice(next);
  return undefined;
}

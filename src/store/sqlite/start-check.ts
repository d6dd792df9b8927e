// What is checked of the log before anything is added to it. It takes milliseconds whatever the size;
// the whole log is for the verifier.
import type { Database } from 'better-sqlite3';
import { openCheckpoint } from '../../audit/checkpoint.ts';
import { type Hash, leafHash, rootHash } from '../../audit/merkle.ts';
import type { NoteKey } from '../../audit/note-key.ts';
import { treeOfEdge } from '../../audit/tiles.ts';
import { SignetError } from '../../runtime/errors.ts';
import { readEdge } from './edge.ts';
import { type HeadRow, shard } from './log-rows.ts';

/** How many of the newest entries are hashed again. */
const recheckedEntries = 1024;

/**
 * Compares the head with what is stored beneath it.
 *
 * @throws SignetError `store.head_damaged`
 */
export function checkHead(database: Database, head: HeadRow): Hash[][] {
  const edge = readEdge(database, head.size);
  const tree = treeOfEdge(edge);
  const isSame =
    tree.size === head.size &&
    head.root.equals(rootHash(tree)) &&
    head.range.equals(Buffer.concat(tree.range));
  if (!isSame) throw new SignetError('store.head_damaged');
  return edge;
}

/**
 * Compares the newest checkpoint with the head.
 *
 * @throws SignetError `store.log_key`, `store.checkpoint_damaged`
 */
export function checkCheckpoint(database: Database, head: HeadRow, key: NoteKey): string {
  const row = database
    .prepare<[number], { note: string }>(
      'SELECT note FROM checkpoint WHERE shard = ? ORDER BY size DESC LIMIT 1',
    )
    .get(shard);
  if (row === undefined) throw new SignetError('store.checkpoint_damaged');
  const { size, root } = readCheckpoint(row.note, key);
  if (size !== head.size || !head.root.equals(root)) {
    throw new SignetError('store.checkpoint_damaged', { details: { size, head: head.size } });
  }
  return row.note;
}

/** @throws SignetError `store.entry_damaged` with the index */
export function checkNewestEntries(database: Database, head: HeadRow): void {
  const rows = database
    .prepare<[number, number], { idx: number; leaf_hash: Buffer; body: Buffer | null }>(
      'SELECT idx, leaf_hash, body FROM log_entry WHERE shard = ? AND idx >= ?',
    )
    .iterate(shard, head.size - recheckedEntries);
  for (const { idx, leaf_hash, body } of rows) {
    if (body !== null && !leaf_hash.equals(leafHash(body))) {
      throw new SignetError('store.entry_damaged', { details: { index: idx } });
    }
  }
}

function readCheckpoint(note: string, key: NoteKey) {
  try {
    return openCheckpoint(note, key);
  } catch (cause) {
    const error = SignetError.from(cause);
    const reason = error.reason === 'note.unsigned' ? 'store.log_key' : 'store.checkpoint_damaged';
    throw new SignetError(reason, { cause });
  }
}

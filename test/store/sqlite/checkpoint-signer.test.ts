import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../../src/audit/checkpoint.ts';
import { append, emptyTree, leafHash } from '../../../src/audit/merkle.ts';
import { noteSigner } from '../../../src/audit/note-key.ts';
import { CheckpointSigner } from '../../../src/store/sqlite/checkpoint-signer.ts';
import { reasonOf } from '../../support/reason-of.ts';
import { logPrivateKey, origin } from '../../vectors/audit.ts';

const key = noteSigner(origin, logPrivateKey);
const treeOf = (...texts: string[]) =>
  texts.map((text) => leafHash(Buffer.from(text))).reduce(append, emptyTree);

describe('CheckpointSigner', () => {
  it('signs what openCheckpoint reads', () => {
    const { root, note } = new CheckpointSigner(key).sign(treeOf('a', 'b'));
    expect(openCheckpoint(note, key.key)).toEqual({ origin, size: 2, root });
  });

  it('never signs two roots for one size', () => {
    const signer = new CheckpointSigner(key);
    signer.sign(treeOf('a'));
    expect(signer.refuses(treeOf('b'))).toBe(true);
    expect(reasonOf(() => signer.sign(treeOf('b')))).toBe('internal');
    expect(signer.refuses(treeOf('b', 'c'))).toBe(false);
  });

  it('signs one root as often as it is asked to', () => {
    const signer = new CheckpointSigner(key);
    expect(signer.sign(treeOf('a'))).toEqual(signer.sign(treeOf('a')));
  });

  it('still refuses a size beyond what was committed', () => {
    const signer = new CheckpointSigner(key);
    signer.sign(treeOf('a', 'b', 'c'));
    signer.committed(2);
    expect(signer.refuses(treeOf('x', 'y', 'z'))).toBe(true);
  });
});

// Signs checkpoints, and never two roots for one size: a note that was signed for a commit that then
// failed might yet be somewhere, and two such notes would prove the log a liar.
import { signCheckpoint } from '../../audit/checkpoint.ts';
import { type Hash, rootHash, type Tree } from '../../audit/merkle.ts';
import type { NoteSigner } from '../../audit/note-key.ts';
import { SignetError } from '../../runtime/errors.ts';

export class CheckpointSigner {
  readonly #signer: NoteSigner;
  /** Signed and not committed since: size and root. */
  readonly #signed = new Map<number, Hash>();

  constructor(signer: NoteSigner) {
    this.#signer = signer;
  }

  /** Whether another root was signed for this size. */
  refuses(tree: Tree): boolean {
    const signed = this.#signed.get(tree.size);
    return signed !== undefined && Buffer.compare(signed, rootHash(tree)) !== 0;
  }

  sign(tree: Tree): { root: Hash; note: string } {
    if (this.refuses(tree)) throw new SignetError('internal');
    const root = rootHash(tree);
    this.#signed.set(tree.size, root);
    return { root, note: signCheckpoint(tree, this.#signer) };
  }

  /** The log has this size for good: no smaller tree will be signed again. */
  committed(size: number): void {
    for (const signed of this.#signed.keys()) if (signed <= size) this.#signed.delete(signed);
  }
}

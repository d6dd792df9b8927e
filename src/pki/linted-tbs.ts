// Proof that these very bytes passed a lint: what `signCertificate` takes, and nothing else does it take.
import { SignetError } from '../runtime/errors.ts';

/** Bytes to be signed, checked. Used up by the first signature. */
export class LintedTbs {
  #tbs: Buffer | undefined;
  readonly #issuerSpki: Buffer;

  private constructor(tbs: Buffer, issuerSpki: Buffer) {
    this.#tbs = tbs;
    this.#issuerSpki = issuerSpki;
  }

  /**
   * Copies the bytes, then lints the copy: nobody else holds it, so what was checked is what is signed.
   *
   * @param issuerSpki the one key that may sign them
   * @param lint throws if they are not to be signed
   */
  static of(tbs: Uint8Array, issuerSpki: Uint8Array, lint: (tbs: Buffer) => void): LintedTbs {
    const copy = Buffer.from(tbs);
    lint(copy);
    return new LintedTbs(copy, Buffer.from(issuerSpki));
  }

  /**
   * Gives the bytes away, once.
   *
   * @throws SignetError `lint.used`, `lint.issuer` if they are another key's to sign
   */
  redeem(signerSpki: Uint8Array): Buffer {
    const tbs = this.#tbs;
    if (tbs === undefined) throw new SignetError('lint.used');
    if (!this.#issuerSpki.equals(signerSpki)) throw new SignetError('lint.issuer');
    this.#tbs = undefined;
    return tbs;
  }
}

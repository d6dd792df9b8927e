// The roots a verifier trusts, indexed by name and key id, so that 200 of them under one name cost no
// more than one.
import { parseCertificate, type Certificate } from './certificate.ts';
import { keyIdOf } from './key.ts';

export class RootSet {
  readonly #byIssuer = new Map<string, Certificate[]>();
  readonly size: number;

  private constructor(roots: readonly Certificate[]) {
    this.size = roots.length;
    for (const root of roots) {
      const keyId = root.subjectKeyId ?? keyIdOf(root.spki).toString('hex');
      for (const key of [indexKey(root.subject, keyId), indexKey(root.subject)]) {
        const list = this.#byIssuer.get(key) ?? [];
        list.push(root);
        this.#byIssuer.set(key, list);
      }
    }
  }

  /**
   * Reads the roots once, for many verifications.
   *
   * @param roots DER
   * @throws SignetError as `parseCertificate` does
   */
  static of(roots: readonly Uint8Array[]): RootSet {
    return new RootSet(roots.map(parseCertificate));
  }

  /** Roots that may have signed a certificate, by the names in it; no signature is checked. */
  issuersOf({ issuer, authorityKeyId }: Certificate): readonly Certificate[] {
    return this.#byIssuer.get(indexKey(issuer, authorityKeyId)) ?? [];
  }
}

function indexKey(name: Buffer, keyId = ''): string {
  return `${name.toString('latin1')} ${keyId}`;
}

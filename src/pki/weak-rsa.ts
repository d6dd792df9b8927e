// RSA moduli that can be factored with little effort: by small primes, because both primes are close
// together (Fermat), or because an Infineon chip made them (ROCA, CVE-2017-15361). Lists of keys
// leaked elsewhere, such as Debian's of 2008, are not kept.
import { SignetError } from '../runtime/errors.ts';

const fermatRounds = 100;
const smallPrimes = primesBelow(752);
/** Primes p for which the fingerprint says something: 65537 generates few of the residues modulo p. */
const rocaPrimes = primesBelow(168).filter(
  (prime) => prime > 2 && powersOf(65_537, prime).size < prime - 1,
);
const rocaResidues = rocaPrimes.map((prime) => powersOf(65_537, prime));

/**
 * @param modulus big-endian
 * @throws SignetError `key.weak`
 */
export function checkModulus(modulus: Uint8Array): void {
  const n = BigInt(`0x${Buffer.from(modulus).toString('hex')}`);
  const hasSmallFactor = smallPrimes.some((prime) => n % BigInt(prime) === 0n);
  if (hasSmallFactor || isFromRoca(n) || hasClosePrimes(n)) throw new SignetError('key.weak');
}

/** Every modulus of the flawed library is a power of 65537 modulo each small prime; others hardly ever. */
function isFromRoca(n: bigint): boolean {
  return rocaPrimes.every((prime, i) => rocaResidues[i]?.has(Number(n % BigInt(prime))));
}

/** Fermat: n = a^2 - b^2 with an a just above its square root. */
function hasClosePrimes(n: bigint): boolean {
  let a = squareRoot(n);
  if (a * a < n) a += 1n;
  for (let round = 0; round < fermatRounds; round += 1, a += 1n) {
    const square = a * a - n;
    const b = squareRoot(square);
    if (b * b === square) return true;
  }
  return false;
}

/** Rounded down (Newton). */
function squareRoot(n: bigint): bigint {
  if (n < 2n) return n;
  let root = 1n << BigInt(Math.ceil(n.toString(16).length * 2));
  for (;;) {
    const next = (root + n / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

function powersOf(base: number, prime: number): Set<number> {
  const powers = new Set<number>();
  for (let value = 1; !powers.has(value); value = (value * base) % prime) powers.add(value);
  return powers;
}

function primesBelow(limit: number): number[] {
  const primes: number[] = [];
  for (let n = 2; n < limit; n += 1) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  return primes;
}

// Finds what somebody meant who mistyped a name.

/**
 * The name that is the fewest edits away, unless every one of them is something else altogether.
 *
 * @param names in the order in which they win a tie
 */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const limit = Math.max(2, Math.floor(name.length / 3));
  if (name.length > 64) return undefined;
  const ranked = names
    .map((candidate) => ({ candidate, edits: editsBetween(fold(name), fold(candidate)) }))
    .filter(({ edits, candidate }) => edits <= limit && edits < candidate.length)
    .toSorted((a, b) => a.edits - b.edits);
  return ranked[0]?.candidate;
}

/** `trust_domain`, `trust-domain` and `TrustDomain` are `trustDomain` in other habits. */
function fold(name: string): string {
  return name.toLowerCase().replaceAll(/[-_]/g, '');
}

/** How many letters must be added, dropped, replaced or swapped with their neighbour. */
function editsBetween(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const same = from[i - 1] === to[j - 1];
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      row.push(
        Math.min(
          (last[j] ?? 0) + 1,
          (row[j - 1] ?? 0) + 1,
          (last[j - 1] ?? 0) + (same ? 0 : 1),
          swapped ? (beforeLast[j - 2] ?? 0) + 1 : Infinity,
        ),
      );
    }
    [beforeLast, last] = [last, row];
  }
  return last[to.length] ?? 0;
}

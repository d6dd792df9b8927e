// What can be said of one entry by itself, and of certificates by what the log said before them.
import { type Columns, columnNames, decodeLeaf, deriveColumns } from './columns.ts';
import type { Finding } from './finding.ts';
import type { StoredEntry } from './log-source.ts';
import { leafHash } from './merkle.ts';

/** Compares an entry's data with its leaf hash and its columns. */
export function* verifyEntry({
  index,
  leafHash: stored,
  data,
  columns,
}: StoredEntry): Generator<Finding> {
  if (data === null) return;
  if (Buffer.compare(leafHash(data), stored) !== 0) yield { problem: 'entry.body', at: index };
  const derived = derive(data);
  if (derived === undefined) {
    yield { problem: 'entry.malformed', at: index };
    return;
  }
  for (const name of columnNames) {
    if (columns[name] !== derived[name]) yield { problem: 'entry.column', at: index, what: name };
  }
}

interface KnownAuthority {
  readonly notAfter: number;
  hasEnded: boolean;
}

/** Follows authorities through the log; they are few. */
export class AuthorityTrail {
  readonly #known = new Map<string, KnownAuthority>();

  /** @returns what is wrong with the certificate that the entry records, if it records one */
  *follow({ index, data }: StoredEntry): Generator<Finding> {
    if (data === null) return;
    const event = decode(data);
    const { t: kind, target, ca, na, state } = event;
    if (kind === 'x509.issued' || kind === 'ca.cert.issued') {
      const isSelfSigned = kind === 'ca.cert.issued' && ca === target;
      if (!isSelfSigned) yield* this.#check(index, ca, na);
      if (kind === 'ca.cert.issued' && typeof target === 'string' && typeof na === 'number') {
        this.#known.set(target, { notAfter: na, hasEnded: false });
      }
    }
    const ends = state === 'retired' || state === 'revoked';
    const authority = this.#known.get(String(target));
    if (String(kind).startsWith('authority.') && ends && authority) authority.hasEnded = true;
  }

  *#check(at: number, ca: unknown, notAfter: unknown): Generator<Finding> {
    const issuer = this.#known.get(String(ca));
    if (issuer === undefined) yield { problem: 'authority.unknown', at };
    else if (issuer.hasEnded) yield { problem: 'authority.ended', at };
    else if (typeof notAfter !== 'number' || notAfter > issuer.notAfter) {
      yield { problem: 'authority.outlived', at };
    }
  }
}

function derive(data: Buffer): Columns | undefined {
  try {
    return deriveColumns(data);
  } catch {
    return undefined;
  }
}

function decode(data: Buffer): Readonly<Record<string, unknown>> {
  try {
    return decodeLeaf(data);
  } catch {
    return {};
  }
}

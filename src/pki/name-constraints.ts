// Name constraints of a CA (RFC 5280 4.2.1.10) on the URIs and DNS names of what is below it. A kind of
// name we do not compare is refused where it is constrained.
import { SignetError } from '../runtime/errors.ts';
import { type DerReader, tag } from './der-reader.ts';
import { ia5Text, nameTag } from './general-names.ts';

interface Subtree {
  readonly kind: number;
  /** For URIs and DNS names, in lower case; empty for other kinds. */
  readonly base: string;
}

export interface NameConstraints {
  readonly permitted: readonly Subtree[];
  readonly excluded: readonly Subtree[];
}

/** The names of a certificate that constraints speak of. */
export interface ConstrainedNames {
  readonly uris: readonly string[];
  readonly dnsNames: readonly string[];
  readonly otherNameTags: ReadonlySet<number>;
}

const maxSubtrees = 256;

/** @throws SignetError `name_constraints.malformed`, `names.character`, `der.*` */
export function readNameConstraints(value: DerReader): NameConstraints {
  const fields = value.read(tag.sequence).inside();
  const permitted = readSubtrees(fields, tag.constructed(0));
  const excluded = readSubtrees(fields, tag.constructed(1));
  fields.finish();
  if (permitted.length + excluded.length === 0) malformed();
  return { permitted, excluded };
}

function readSubtrees(fields: DerReader, expected: number): Subtree[] {
  if (fields.peek() !== expected) return [];
  const list = fields.read(expected).inside();
  const subtrees: Subtree[] = [];
  do {
    if (subtrees.length === maxSubtrees) malformed();
    const subtree = list.read(tag.sequence).inside();
    const kind = subtree.peek();
    const content = subtree.skip().content();
    subtree.finish(); // minimum is 0 and maximum absent, always
    const isText = kind === nameTag.uri || kind === nameTag.dns;
    const base = isText ? ia5Text(content).toLowerCase() : '';
    if (isText && !isHostPattern(base)) malformed();
    subtrees.push({ kind, base });
  } while (!list.done);
  return subtrees;
}

/** A host, or one with a leading period. Empty stands for every host. */
function isHostPattern(base: string): boolean {
  return base === '' || /^\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(base);
}

/**
 * Whether a CA with these constraints may certify these names.
 *
 * @throws SignetError `chain.name_constraints`
 */
export function checkNameConstraints(
  { permitted, excluded }: NameConstraints,
  names: ConstrainedNames,
): void {
  const all = [...permitted, ...excluded];
  const isConstrained = (kind: number): boolean => all.some((subtree) => subtree.kind === kind);
  // every certificate of ours has a subject, and we do not compare those
  const isOpaque = isConstrained(nameTag.directory) || [...names.otherNameTags].some(isConstrained);
  if (isOpaque) refuse();

  const check = (kind: number, hosts: () => readonly string[], overlaps = within): void => {
    if (!isConstrained(kind)) return;
    const bases = (list: readonly Subtree[]): string[] =>
      list.filter((subtree) => subtree.kind === kind).map(({ base }) => base);
    const allowed = bases(permitted);
    for (const host of hosts()) {
      if (bases(excluded).some((base) => overlaps(kind, host, base))) refuse();
      if (allowed.length > 0 && !allowed.some((base) => within(kind, host, base))) refuse();
    }
  };
  check(nameTag.uri, () => names.uris.map(hostOf));
  check(nameTag.dns, () => names.dnsNames.map((name) => name.toLowerCase()), wildcardOverlaps);
}

/** URI: a bare host is that host alone. DNS: it is the host and what lies below. A period: only below. */
function within(kind: number, host: string, base: string): boolean {
  if (base === '' || (host === base && !base.startsWith('.'))) return true;
  if (base.startsWith('.')) return host.endsWith(base);
  return kind === nameTag.dns && host.endsWith(`.${base}`);
}

/** `*.a` also stands for the host `b.a`, so what excludes `b.a` excludes the wildcard. */
function wildcardOverlaps(kind: number, host: string, base: string): boolean {
  if (within(kind, host, base)) return true;
  if (!host.startsWith('*.')) return false;
  const parent = host.slice(2);
  const excludedHost = base.startsWith('.') ? base.slice(1) : base;
  return parent === excludedHost || excludedHost.slice(excludedHost.indexOf('.') + 1) === parent;
}

/** The host of a URI without user, port or brackets; one that is an address cannot be compared. */
function hostOf(uri: string): string {
  const authority = /^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/([^/?#]*)/.exec(uri)?.[1];
  const host = authority
    ?.replace(/^[^@]*@/, '')
    .replace(/:\d*$/, '')
    .toLowerCase();
  const isHost = host !== undefined && /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(host);
  if (!isHost || /^\d+(\.\d+){3}$/.test(host)) return refuse();
  return host;
}

function malformed(): never {
  throw new SignetError('name_constraints.malformed');
}

function refuse(): never {
  throw new SignetError('chain.name_constraints');
}

// What of a leaf is copied into columns, so that it can be searched. Columns are never trusted: the
// verifier derives them again, by this same definition.
import type { Buffer } from 'node:buffer';
import { SignetError } from '../runtime/errors.ts';

/** Members that columns are made of; null where the leaf has none, or one of another type. */
export interface Columns {
  readonly kind: string;
  readonly ts: number;
  readonly actor: string | null;
  readonly req: string | null;
  readonly serial: string | null;
  readonly ca: string | null;
  readonly spiffe_id: string | null;
  readonly nb: number | null;
  readonly na: number | null;
  readonly node: string | null;
  readonly attestor: string | null;
  readonly spki: string | null;
  /** What the event is about; of an entry, which leaves name `id:revision`, its id. */
  readonly target: string | null;
}

/** In the order in which they are stored. */
export const columnNames = [
  'kind',
  'ts',
  'actor',
  'req',
  'serial',
  'ca',
  'spiffe_id',
  'nb',
  'na',
  'node',
  'attestor',
  'spki',
  'target',
] as const satisfies readonly (keyof Columns)[];

const version = 'signet-log/v1\n';

/**
 * The members of a leaf's event.
 *
 * @throws SignetError `leaf.malformed` if it is not a version line and a JSON object with `t` and `ts`
 */
export function decodeLeaf(data: Buffer): Readonly<Record<string, unknown>> {
  const text = data.toString();
  if (!text.startsWith(version)) throw new SignetError('leaf.malformed');
  const event = parse(text.slice(version.length));
  if (typeof event['t'] !== 'string' || !Number.isSafeInteger(event['ts'])) {
    throw new SignetError('leaf.malformed');
  }
  return event;
}

/** @throws SignetError `leaf.malformed` */
export function deriveColumns(data: Buffer): Columns {
  const event = decodeLeaf(data);
  return {
    kind: textOf(event['t']) ?? '',
    ts: integerOf(event['ts']) ?? 0,
    actor: textOf(event['actor']),
    req: textOf(event['req']),
    serial: textOf(event['serial']),
    ca: textOf(event['ca']),
    spiffe_id: textOf(event['spiffe_id']),
    nb: integerOf(event['nb']),
    na: integerOf(event['na']),
    node: textOf(event['node']),
    attestor: textOf(event['attestor']),
    spki: textOf(event['spki']),
    target: textOf(event['target']) ?? entryId(event['entry']),
  };
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch (cause) {
    throw new SignetError('leaf.malformed', { cause });
  }
  throw new SignetError('leaf.malformed');
}

function entryId(entry: unknown): string | null {
  return typeof entry === 'string' ? entry.replace(/:[0-9]+$/, '') : null;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function integerOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : null;
}

// Checks a configuration against its schema, fills in the defaults, and names what is wrong by file,
// line and column.
import { type Static, type TSchema, Type } from 'typebox';
import type { TLocalizedValidationError } from 'typebox/error';
import { Value } from 'typebox/value';
import { SignetError } from '../runtime/errors.ts';
import type { Reason } from '../runtime/reasons.ts';
import { patternReasons, reasonKey } from './fields.ts';
import { nearest } from './nearest.ts';
import type { Path, Source } from './source.ts';

/**
 * The value with its defaults. Of several problems the first in the file is told.
 *
 * @throws SignetError `config.*`, `duration.malformed`; details are file, line, column, key
 */
export function checkConfig<Schema extends TSchema>(
  schema: Schema,
  source: Source,
): Static<Schema> {
  const [first, ...rest] = problemsOf(schema, source);
  if (first !== undefined) {
    const more = rest.length === 0 ? {} : { more: rest.length };
    throw new SignetError(first.reason, { details: { ...first.details, ...more } });
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it was checked just now
  return withDefaults(schema, source) as Static<Schema>;
}

/** Everything that is wrong, in the order of the file. */
export function problemsOf(schema: TSchema, source: Source): SignetError[] {
  const errors = Value.Errors(schema, withDefaults(schema, source));
  const found = errors.flatMap((error) => explain(schema, source, error, errors));
  return found.toSorted((a, b) => placeOf(a) - placeOf(b));
}

/** An empty file is an empty configuration. */
function withDefaults(schema: TSchema, { value }: Source): unknown {
  return Value.Default(schema, structuredClone(value ?? {}));
}

function explain(
  schema: TSchema,
  source: Source,
  error: TLocalizedValidationError,
  all: readonly TLocalizedValidationError[],
): SignetError[] {
  const { keyword, params } = error;
  const path = pathOf(error.instancePath);
  const there = schemaAt(schema, path);
  if (keyword === 'additionalProperties') {
    return params.additionalProperties.map((key) => unknownKey(source, path, key, there));
  }
  if (keyword === 'required') {
    return params.requiredProperties.map((name) => {
      const key = [...path, name].join('.');
      return new SignetError('config.missing', { details: { ...source.locate(path), key } });
    });
  }
  if (keyword === 'boolean' || keyword === 'anyOf' || isMerelyNotNull(error, all)) return [];
  const details = { ...source.locate(path), key: path.join('.') };
  return [new SignetError(reasonOf(error, there), { details })];
}

/** A value that may be null is told of once, by what else it may be. */
function isMerelyNotNull(
  error: TLocalizedValidationError,
  all: readonly TLocalizedValidationError[],
): boolean {
  if (error.keyword !== 'type' || error.params.type !== 'null') return false;
  const others = all.filter((other) => other !== error && other.keyword !== 'anyOf');
  return others.some((other) => other.instancePath === error.instancePath);
}

const reasonOfKeyword: Readonly<Record<string, Reason>> = {
  type: 'config.type',
  enum: 'config.word',
  const: 'config.word',
  minProperties: 'config.one_of',
  maxProperties: 'config.one_of',
};

function reasonOf({ keyword }: TLocalizedValidationError, there: TSchema | undefined): Reason {
  const name: unknown = there === undefined ? undefined : Reflect.get(there, reasonKey);
  const named = keyword === 'pattern' && patternReasons.find((reason) => reason === name);
  return named || (reasonOfKeyword[keyword] ?? 'config.range');
}

function unknownKey(source: Source, parent: Path, key: string, there: TSchema | undefined) {
  const known = Type.IsObject(there) ? Object.keys(there.properties) : [];
  const meant = nearest(key, known);
  return new SignetError('config.unknown_key', {
    details: {
      ...source.locateKey([...parent, key]),
      ...(parent.length > 0 ? { within: parent.join('.') } : {}),
      ...(meant === undefined ? { known: known.join(' ') } : { nearest: meant }),
    },
  });
}

/** The schema of the value at a path; of alternatives the first that has it. */
function schemaAt(schema: TSchema, path: Path): TSchema | undefined {
  if (Type.IsUnion(schema)) {
    const branches = schema.anyOf.filter((branch) => !Type.IsNull(branch));
    return branches.map((branch) => schemaAt(branch, path)).find((found) => found !== undefined);
  }
  const [first, ...rest] = path;
  if (first === undefined) return schema;
  if (Type.IsObject(schema)) {
    const inner = schema.properties[first];
    return inner === undefined ? undefined : schemaAt(inner, rest);
  }
  return Type.IsArray(schema) ? schemaAt(schema.items, rest) : undefined;
}

/** RFC 6901, without the URI form. */
function pathOf(pointer: string): string[] {
  const [, ...parts] = pointer.split('/');
  return parts.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function placeOf({ details }: SignetError): number {
  return Number(details['line'] ?? 0) * 10_000 + Number(details['column'] ?? 0);
}

// Kinds of configuration fields. What is said of a field here is all there is: its check, its default,
// its line in the documentation and its type come from it.
import { type TProperties, type TSchema, Type } from 'typebox';
import { durationPattern } from './duration.ts';
import type { Reason } from '../runtime/reasons.ts';

/** What a field is for, in one sentence without a full stop. */
type Purpose = string;

/** What may be wrong with the text of a field. */
export const patternReasons = [
  'config.address',
  'config.path',
  'config.reference',
  'duration.malformed',
] as const satisfies readonly Reason[];

/** Where a schema says which of them applies. */
export const reasonKey = 'x-reason';

const reasoned = (reason: (typeof patternReasons)[number]) => ({ [reasonKey]: reason });

/** Objects of a configuration know all their keys, and are there even if left out. */
export function section<Fields extends TProperties>(description: Purpose, fields: Fields) {
  return Type.Object(fields, { description, additionalProperties: false, default: {} });
}

/** An object that is left out by default. */
export function options<Fields extends TProperties>(description: Purpose, fields: Fields) {
  return Type.Object(fields, { description, additionalProperties: false });
}

/** One of several ways, named by the only key; the default has no options of its own. */
export function choice<Ways extends TProperties>(
  description: Purpose,
  ways: Ways,
  standard: keyof Ways & string,
) {
  return Type.Partial(Type.Object(ways), {
    description,
    additionalProperties: false,
    minProperties: 1,
    maxProperties: 1,
    default: { [standard]: {} },
  });
}

export function duration(description: Purpose, standard: string) {
  const pattern = durationPattern;
  const examples = ['90s', '15m', '1h', '30d', '10y'];
  return Type.String({
    description,
    pattern,
    examples,
    default: standard,
    ...reasoned('duration.malformed'),
  });
}

/** One of a few words. */
export function word<const Words extends string[]>(
  description: Purpose,
  words: readonly [...Words],
  standard: Words[number],
) {
  return Type.Enum<Words>([...words], { description, default: standard });
}

export function flag(description: Purpose, standard: boolean) {
  return Type.Boolean({ description, default: standard });
}

/** Absolute, or relative to the folder of the configuration file. */
export function path(description: Purpose) {
  return Type.String({
    description,
    pattern: String.raw`^[^$\u0000]{1,4096}$`,
    ...reasoned('config.path'),
  });
}

/** `host:port`, `[ip6]:port`. */
export function address(description: Purpose) {
  return Type.String({
    description,
    pattern: String.raw`^(\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9._-]{1,253}):[0-9]{1,5}$`,
    examples: ['127.0.0.1:8443', '[::1]:8443'],
    ...reasoned('config.address'),
  });
}

/** The secret itself, or `${file:/path}` to have it read from there. */
export function secret(description: Purpose) {
  return Type.String({
    description,
    pattern: String.raw`^([^$\s]{1,4096}|\$\{file:[^}\u0000]{1,4096}\})$`,
    examples: [`\${file:/etc/signet/secret}`],
    ...reasoned('config.reference'),
  });
}

/** `null` switches it off. */
export function orNull<Field extends TSchema>(field: Field, standard: string | null) {
  return Type.Union([field, Type.Null()], { default: standard });
}

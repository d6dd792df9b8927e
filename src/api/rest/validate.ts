// Checks what a request brings against the schema of its route. Nothing is coerced, filled in or dropped:
// bodies are taken as they are, and of the text of a query only the one spelling of each value.
import { type TSchema, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { TLocalizedValidationError } from 'typebox/error';
import { SignetError } from '../../runtime/errors.ts';

/** Which part of a request. */
export type Part = 'body' | 'headers' | 'params' | 'querystring';

/** One thing that is wrong with a request. */
export interface Flaw {
  readonly in: 'body' | 'header' | 'path' | 'query';
  /** JSON pointer (RFC 6901) into that part. */
  readonly pointer: string;
  /** In our words: which rule. */
  readonly detail: string;
}

/** Thrown, not answered: problem.ts makes an answer of it. */
export class InvalidRequest extends SignetError {
  readonly flaws: readonly Flaw[];

  constructor(part: Part, flaws: readonly Flaw[]) {
    super(part === 'body' ? 'rest.body' : 'rest.parameter');
    this.flaws = flaws;
  }
}

/** No more are told; whoever sends more has not read the schema. */
const maxFlaws = 10;

type Validator = (value: unknown) => { value: unknown } | { error: Error };

/** @param part absent for answers, which are made by us */
export function validatorOf(schema: TSchema, part: Part = 'body'): Validator {
  const validator = Compile(schema);
  return (value) => {
    const read = part === 'querystring' ? readQuery(schema, value) : value;
    if (validator.Check(read)) return { value: read };
    return { error: new InvalidRequest(part, flawsOf(part, validator.Errors(read))) };
  };
}

/** Numbers and booleans of a query. Whatever is spelled otherwise stays text, which the schema refuses. */
function readQuery(schema: TSchema, query: unknown): unknown {
  if (!Type.IsObject(schema) || typeof query !== 'object' || query === null) return query;
  const read = Object.entries(query).map(([name, text]: [string, unknown]) => {
    const field = Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
    return [name, field === undefined || typeof text !== 'string' ? text : readText(field, text)];
  });
  return Object.fromEntries(read);
}

function readText(field: TSchema, text: string): unknown {
  if (Type.IsInteger(field)) return /^(0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : text;
  if (Type.IsBoolean(field)) return text === 'true' ? true : text === 'false' ? false : text;
  if (Type.IsArray(field)) return [text];
  return text;
}

const places = { body: 'body', headers: 'header', params: 'path', querystring: 'query' } as const;

function flawsOf(part: Part, errors: readonly TLocalizedValidationError[]): Flaw[] {
  const flaws = errors.flatMap((error) => {
    const { instancePath } = error;
    // The names of unknown members are input, and are told as positions only.
    if (error.keyword === 'additionalProperties') return { pointer: instancePath, detail: unknown };
    if (error.keyword === 'boolean') return [];
    if (error.keyword === 'required') {
      return error.params.requiredProperties.map((name) => {
        return { pointer: `${instancePath}/${name}`, detail: 'this member is required' };
      });
    }
    return { pointer: instancePath, detail: error.message };
  });
  return flaws.slice(0, maxFlaws).map((flaw) => ({ in: places[part], ...flaw }));
}

const unknown = 'a member here is not known: remove it';

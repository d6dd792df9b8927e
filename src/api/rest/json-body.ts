// JSON as it may come from outside (RFC 8259): bounded before it is built, and without the two things
// that parsers disagree about, members named twice and text that is not UTF-8.
import { SignetError } from '../../runtime/errors.ts';

export const maxBodyBytes = 256 * 1024;
const maxDepth = 16;
const maxValues = 10_000;

/**
 * @param body at most `maxBodyBytes`, which the listener sees to
 * @throws SignetError `json.*`; details hold the position in UTF-16 units where there is one
 */
export function parseJsonBody(body: Uint8Array): unknown {
  const text = decode(body);
  const value = parse(text);
  // Now it is known to be well-formed, so the scan need not check that again.
  scan(text);
  return value;
}

function decode(body: Uint8Array): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
    if (!text.startsWith('\uFEFF')) return text;
  } catch (cause) {
    throw new SignetError('json.encoding', { cause });
  }
  throw new SignetError('json.encoding');
}

/** Objects are plain: a member `__proto__` is a member like others, for the schema to refuse. */
function parse(text: string): unknown {
  bound(text);
  try {
    return JSON.parse(text);
  } catch {
    // not passed on as cause: the parser quotes what it could not read
    throw new SignetError('json.malformed');
  }
}

/** A string without an end reaches to the end of the text, so that none of it is looked at twice. */
const token = /"(?:[^"\\]+|\\.)*(?:"|\\?$)|[{}[\],:]/gs;

/** Depth and number of values, before anything is built of them. */
function bound(text: string): void {
  let [depth, values] = [0, 0];
  for (const { 0: found, index: at } of text.matchAll(token)) {
    if (found === '{' || found === '[') depth += 1;
    if (found === '}' || found === ']') depth -= 1;
    if (found === ',') values += 1;
    if (depth > maxDepth) throw new SignetError('json.depth', { details: { at } });
    if (values > maxValues) throw new SignetError('json.members', { details: { at } });
  }
}

/** Names that occur twice in one object, however they are escaped. */
function scan(text: string): void {
  /** Names so far, of every object that is open; undefined for an array. */
  const open: (Set<string> | undefined)[] = [];
  let isName = false;
  for (const { 0: found, index: at } of text.matchAll(token)) {
    const names = open.at(-1);
    if (found === '{' || found === '[') {
      open.push(found === '{' ? new Set() : undefined);
      isName = found === '{';
    } else if (found === '}' || found === ']') {
      open.pop();
      isName = false;
    } else if (found === ',') {
      isName = names !== undefined;
    } else if (found === ':') {
      isName = false;
    } else if (isName && names !== undefined) {
      const name = String(JSON.parse(found));
      if (names.has(name)) throw new SignetError('json.duplicate', { details: { at } });
      names.add(name);
    }
  }
}

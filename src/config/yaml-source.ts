// Reads YAML 1.2 strictly: one document, no duplicate keys, no anchors, aliases or tags of its own.
import { isMap, isNode, LineCounter, parseDocument, visit, type Document, type Node } from 'yaml';
import { type Details, SignetError } from '../runtime/errors.ts';
import type { Path, Source } from './source.ts';

/** In UTF-16 units; longer text is refused unread. */
export const maxConfigLength = 256 * 1024;

/**
 * @param file its name, for error messages
 * @throws SignetError `config.too_long`, `config.syntax`, `config.alias`, with line and column
 */
export function parseYaml(text: string, file: string): Source {
  if (text.length > maxConfigLength) {
    throw new SignetError('config.too_long', { details: { file, limit: maxConfigLength } });
  }
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    merge: false,
    prettyErrors: false,
    schema: 'core',
    strict: true,
    uniqueKeys: true,
    version: '1.2',
  });
  const position = (offset: number): Details => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  const [broken] = [...document.errors, ...document.warnings];
  // The cause is left out, since it quotes the text, which may hold a secret.
  if (broken) throw new SignetError('config.syntax', { details: position(broken.pos[0]) });
  const reused = findReuse(document);
  if (reused) throw new SignetError('config.alias', { details: position(reused.range?.[0] ?? 0) });
  return {
    value: document.toJS(),
    locate: (path) => position(offsetOf(document, path)),
    locateKey: (path) => position(keyOffsetOf(document, path)),
  };
}

function findReuse(document: Document.Parsed): Node | undefined {
  let found: Node | undefined;
  visit(document, {
    Node(_key, node) {
      if ('source' in node && node.constructor.name === 'Alias') found = node;
      else if ('anchor' in node && node.anchor !== undefined) found = node;
      return found === undefined ? undefined : visit.BREAK;
    },
  });
  return found;
}

function offsetOf(document: Document.Parsed, path: Path): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return document.contents?.range[0] ?? 0;
}

function keyOffsetOf(document: Document.Parsed, path: Path): number {
  const parent = path.length > 1 ? document.getIn(path.slice(0, -1), true) : document.contents;
  if (isMap(parent)) {
    for (const { key } of parent.items) {
      if (isNode(key) && String(key) === String(path.at(-1)) && key.range) return key.range[0];
    }
  }
  return offsetOf(document, path);
}

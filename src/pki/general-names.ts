// GeneralNames (RFC 5280 4.2.1.6), read as bytes: one IA5String is one name, whatever it holds, and no
// list is ever made by splitting text.
import { SignetError } from '../runtime/errors.ts';
import { type DerReader, tag } from './der-reader.ts';

/** Context tags of GeneralName. */
export const nameTag = { email: 0x81, dns: 0x82, directory: 0xa4, uri: 0x86, ip: 0x87 } as const;

export interface GeneralNames {
  readonly uris: readonly string[];
  readonly dnsNames: readonly string[];
  /** Tags of names of other kinds. */
  readonly otherTags: ReadonlySet<number>;
}

export const noNames: GeneralNames = { uris: [], dnsNames: [], otherTags: new Set() };

/** Far more than any peer needs. */
const maxNames = 256;

/**
 * Reads GeneralNames; they must not be empty.
 *
 * @param reader stands before the SEQUENCE, and is read to its end
 * @throws SignetError `names.empty`, `names.too_many`, `names.character`, `der.*`
 */
export function readGeneralNames(reader: DerReader): GeneralNames {
  const names = reader.read(tag.sequence).inside();
  reader.finish();
  const uris: string[] = [];
  const dnsNames: string[] = [];
  const otherTags = new Set<number>();
  if (names.done) throw new SignetError('names.empty');
  for (let count = 0; !names.done; count += 1) {
    if (count === maxNames)
      throw new SignetError('names.too_many', { details: { limit: maxNames } });
    const kind = names.peek();
    const content = names.skip().content();
    if (kind === nameTag.uri) uris.push(ia5Text(content));
    else if (kind === nameTag.dns) dnsNames.push(ia5Text(content));
    else otherTags.add(kind);
  }
  return { uris, dnsNames, otherTags };
}

/**
 * Text of an IA5String as names use it: printable ASCII, so neither NUL nor a high byte hides in it.
 *
 * @throws SignetError `names.character`
 */
export function ia5Text(content: Uint8Array): string {
  if (content.some((byte) => byte < 0x20 || byte > 0x7e)) throw new SignetError('names.character');
  return Buffer.from(content).toString('latin1');
}

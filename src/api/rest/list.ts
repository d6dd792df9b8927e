// One page of a list: read one item more than was asked for, so that it is known whether there is a
// next page.
import type { Cursors } from './cursor.ts';
import { defaultPageSize } from './wire/fields.ts';

export interface PageQuery {
  readonly pageSize?: number;
  readonly cursor?: string;
}

export interface ListOptions<Item, Json> {
  readonly cursors: Cursors;
  /** Name of the list and its filter. */
  readonly scope: unknown;
  readonly query: PageQuery;
  readonly read: (page: { size: number; after?: string }) => Promise<readonly Item[]>;
  /** What a page after this item begins behind. */
  readonly keyOf: (item: Item) => string;
  readonly toJson: (item: Item) => Json;
}

/** The largest page a store gives is 1,000, so of that size there is no item more. */
const maxRead = 1000;

/** @throws SignetError `rest.cursor`, and whatever `read` does */
export async function listPage<Item, Json>(
  options: ListOptions<Item, Json>,
): Promise<{ items: Json[]; nextCursor?: string }> {
  const { cursors, scope, query, read, keyOf, toJson } = options;
  const size = Math.min(query.pageSize ?? defaultPageSize, maxRead);
  const after = query.cursor === undefined ? undefined : cursors.open(scope, query.cursor);
  const wanted = Math.min(size + 1, maxRead);
  const found = await read({ size: wanted, ...(after === undefined ? {} : { after }) });
  const items = found.slice(0, size);
  const last = items.at(-1);
  const hasMore = found.length > size || (wanted === size && found.length === size);
  return {
    items: items.map(toJson),
    ...(hasMore && last !== undefined ? { nextCursor: cursors.seal(scope, keyOf(last)) } : {}),
  };
}

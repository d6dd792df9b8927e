// Reads lists page by page.
import { type Static, type TObject, type TSchema, Type } from 'typebox';
import type { Call, RestClient } from './rest-client.ts';

const largestPage = 1000;

/**
 * The first `limit` items of a list.
 *
 * @throws SignetError as `RestClient.call` does
 */
export async function readList<Item extends TObject>(
  client: RestClient,
  item: Item,
  call: Call,
  limit: number,
): Promise<Static<Item>[]> {
  const schema = Type.Object({
    items: Type.Array<TSchema>(item),
    nextCursor: Type.Optional(Type.String()),
  });
  const items: Static<Item>[] = [];
  let cursor: string | undefined;
  do {
    const pageSize = Math.min(limit - items.length, largestPage);
    const query = { ...call.query, pageSize, cursor };
    const { value } = await client.call(schema, { ...call, query });
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- checked against the schema
    items.push(...(value.items as Static<Item>[]));
    cursor = value.nextCursor;
  } while (cursor !== undefined && items.length < limit);
  return items.slice(0, limit);
}

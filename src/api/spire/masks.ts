// Output masks: which fields of an answer the caller wants. Without a mask it gets all of them.

/** A mask message, or none: a field is wanted where it is true. */
export type Mask<Fields> = { readonly [Name in keyof Fields]?: boolean } | undefined;

/** The fields that the mask asks for; what it does not know of is left out by it (spire-api B1). */
export function masked<Fields extends object>(fields: Fields, mask: Mask<Fields>): Partial<Fields> {
  if (mask === undefined) return fields;
  const kept: Partial<Fields> = {};
  for (const name in fields) {
    if (mask[name] === true) kept[name] = fields[name];
  }
  return kept;
}

// Ids shortened to what still tells them apart.

const shortest = 8;

/** Of each id as much as no other of them begins with; at least eight characters. */
export function shortIds(ids: readonly string[]): (id: string) => string {
  const all = [...new Set(ids)];
  return (id) => {
    for (let length = shortest; length < id.length; length += 1) {
      const head = id.slice(0, length);
      if (all.every((other) => other === id || !other.startsWith(head))) return `${head}..`;
    }
    return id;
  };
}

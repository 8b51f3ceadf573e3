/** Items of equal keys, in the order of their first. */
export function groupedBy<T, K>(
  items: readonly T[],
  keyOf: (item: T) => K,
): readonly (readonly T[])[] {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return [...groups.values()];
}

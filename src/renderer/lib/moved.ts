/** A copy of the list with one entry at another place; places outside are clamped. */
export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const next = [...list];
  const [entry] = next.splice(from, 1);
  if (entry === undefined) return next;
  next.splice(Math.min(Math.max(to, 0), next.length), 0, entry);
  return next;
}

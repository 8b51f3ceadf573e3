/** Dividers of the wipe: n tiles have n - 1, each in 0..1 of the visible part of the picture, ascending. */

export function evenDividers(tiles: number): number[] {
  return Array.from(
    { length: Math.max(0, tiles - 1) },
    (_, i) => (i + 1) / tiles,
  );
}

/** Moves one divider; it pushes the others along instead of crossing them. */
export function moveDivider(
  dividers: readonly number[],
  index: number,
  to: number,
): number[] {
  const at = Math.min(1, Math.max(0, to));
  return dividers.map((divider, i) => {
    if (i === index) return at;
    return i < index ? Math.min(divider, at) : Math.max(divider, at);
  });
}

/** Tile `index` is seen from `from` to `to`, in 0..1 of the visible part. */
export function stripOf(
  dividers: readonly number[],
  index: number,
): { from: number; to: number } {
  return { from: dividers[index - 1] ?? 0, to: dividers[index] ?? 1 };
}

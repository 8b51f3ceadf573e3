/** Reading values in another order: the one loop behind every rearrangement of constants. */

export type Numbers = Float32Array | Float64Array;

/** Enough for a cache line in both directions. */
const tile = 32;

/**
 * Fills `into` row by row: the value at index (i, j, ...) of `sizes` is `from[start + i * strides[0] + ...]`.
 * A stride of 0 repeats, a negative one goes backwards. All indices must lie within `from`.
 */
export function readStrided<T extends Numbers>(
  into: T,
  from: Numbers,
  start: number,
  sizes: readonly number[],
  strides: readonly number[],
): T {
  const last = sizes.length - 1;
  const columns = sizes[last] ?? 1;
  const step = strides[last] ?? 0;
  // the axis along which `from` is read in its own order; rows of `into` that lie near each other in it
  const near = step === 1 ? -1 : strides.findIndex((s) => Math.abs(s) === 1);
  const rows = near >= 0 && near < last ? (sizes[near] ?? 1) : 1;
  const rowStep = near >= 0 ? (strides[near] ?? 0) : 0;
  const width = rows === 1 ? columns : tile;
  const jumps = placesOf(sizes);
  const rowJump = jumps[near] ?? 0;
  const others = sizes.map((_, i) => i).filter((i) => i !== last && i !== near);
  const index = others.map(() => 0);
  let source = start;
  let target = 0;
  if (into.length === 0) return into;
  for (;;) {
    for (let r = 0; r < rows; r += tile)
      for (let c = 0; c < columns; c += width) {
        const rowEnd = Math.min(rows, r + tile);
        const end = Math.min(columns, c + width);
        for (let i = r; i < rowEnd; i++) {
          let read = source + i * rowStep + c * step;
          const to = target + i * rowJump;
          for (let j = c; j < end; j++) {
            into[to + j] = from[read] ?? 0;
            read += step;
          }
        }
      }
    // counts up over the other axes
    let axis = others.length - 1;
    for (; axis >= 0; axis--) {
      const at = others[axis] ?? 0;
      const [stride, jump, size] = [
        strides[at] ?? 0,
        jumps[at] ?? 0,
        sizes[at] ?? 1,
      ];
      const i = (index[axis] ?? 0) + 1;
      source += stride;
      target += jump;
      if (i < size) {
        index[axis] = i;
        break;
      }
      index[axis] = 0;
      source -= stride * size;
      target -= jump * size;
    }
    if (axis < 0) return into;
  }
}

/** How far apart neighbours along each axis lie in row-major order. */
export function placesOf(sizes: readonly number[]): number[] {
  const places = new Array<number>(sizes.length).fill(1);
  for (let i = sizes.length - 2; i >= 0; i--)
    places[i] = (places[i + 1] ?? 1) * (sizes[i + 1] ?? 1);
  return places;
}

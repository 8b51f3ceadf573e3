import { norm } from "../../support/vectors";

/** Largest difference, relative to the root mean square of what is expected; NaN where anything is. */
export function error(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
): number {
  if (actual.length !== expected.length)
    throw new RangeError(`${actual.length} values, not ${expected.length}`);
  const scale = norm(expected) / Math.sqrt(expected.length) || 1;
  let worst = 0;
  for (let i = 0; i < expected.length; i++)
    worst = Math.max(
      worst,
      Math.abs((actual[i] ?? NaN) - (expected[i] ?? NaN)) / scale,
    );
  return worst;
}

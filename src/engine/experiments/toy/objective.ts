/** What the toys maximise, and its gradient under a rule, in plain arrays. */
import type { Slopes } from "../../../shared/method";

/**
 * f(x) = sum over filters c and pixels of y(w_c * x), y(z) = z for z > 0 and s z else; * is the correlation with
 * circular edges. Every toy is one: T1 and T2 have the filter (1), T3 the two filters (1) and (-lambda), T4 a kernel.
 */
export interface Objective {
  /** Pixels along a side. */
  readonly size: number;
  /** Square filters with odd sides, row by row. */
  readonly filters: readonly (readonly number[])[];
  /** P and N: sums of the positive weights and of the sizes of the negative ones. */
  readonly positive: number;
  readonly negative: number;
  /** f(x) / pixels; writes the gradient of f under the backward slope, pixel by pixel, into `gradient`. */
  ascend(x: Float64Array, slopes: Slopes, gradient: Float64Array): number;
}

/** Throws nothing: filters are checked by who makes them. */
export function objective(
  filters: readonly (readonly number[])[],
  size: number,
): Objective {
  const weights = filters.flat();
  const passes = filters.map((filter) => correlation(filter, size));
  const mask = new Float64Array(size * size);
  const response = new Float64Array(size * size);
  return {
    size,
    filters,
    positive: weights.reduce((sum, w) => sum + Math.max(w, 0), 0),
    negative: weights.reduce((sum, w) => sum + Math.max(-w, 0), 0),
    ascend(x, { forward, backward }, gradient) {
      gradient.fill(0);
      let value = 0;
      for (const pass of passes) {
        response.fill(0);
        pass.apply(x, response);
        for (let i = 0; i < response.length; i++) {
          const z = response[i] ?? 0;
          value += z > 0 ? z : forward * z;
          mask[i] = z > 0 ? 1 : backward;
        }
        pass.adjoint(mask, gradient);
      }
      return value / x.length;
    },
  };
}

/** Both add to what `into` holds. */
interface Correlation {
  apply(x: Float64Array, into: Float64Array): void;
  /** The transposed map: the correlation with the filter turned by 180 degrees. */
  adjoint(y: Float64Array, into: Float64Array): void;
}

function correlation(filter: readonly number[], size: number): Correlation {
  const side = Math.sqrt(filter.length);
  const radius = (side - 1) / 2;
  const stride = size + 2 * radius;
  const wrapped = new Float64Array(stride * stride);
  const origin = wrapping(size, radius);
  const taps = filter
    .map((weight, i) => ({
      weight,
      at: Math.floor(i / side) * stride + (i % side),
    }))
    .filter(({ weight }) => weight !== 0);
  const turned = taps.map(({ weight, at }) => ({
    weight,
    at: 2 * radius * (stride + 1) - at,
  }));
  const through = (
    weights: typeof taps,
    from: Float64Array,
    into: Float64Array,
  ) => {
    for (let i = 0; i < wrapped.length; i++)
      wrapped[i] = from[origin[i] ?? 0] ?? 0;
    for (const { weight, at } of weights)
      for (let row = 0; row < size; row++) {
        const read = at + row * stride;
        const to = row * size;
        for (let i = 0; i < size; i++)
          into[to + i] =
            (into[to + i] ?? 0) + weight * (wrapped[read + i] ?? 0);
      }
  };
  return {
    apply: (x, into) => {
      through(taps, x, into);
    },
    adjoint: (y, into) => {
      through(turned, y, into);
    },
  };
}

/** Where each pixel of the image with `radius` more on every side comes from: it goes on from the other side. */
function wrapping(size: number, radius: number): Int32Array {
  const stride = size + 2 * radius;
  const inside = (at: number) => (((at - radius) % size) + size) % size;
  return Int32Array.from(
    { length: stride * stride },
    (_, i) => inside(Math.floor(i / stride)) * size + inside(i % stride),
  );
}

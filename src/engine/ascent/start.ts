import { randomStream } from "../random";

/** Words that keep the streams of one seed apart. */
export const streams = { start: 1, transforms: 2, evaluation: 5 } as const;

/**
 * The start image, N(0, noise^2) around grey and clipped to [-1, 1]; [height, width, channel].
 * Depends on the seed and the shape alone, so every target and method of a seed shares it.
 */
export function startImage(
  shape: readonly [number, number, number],
  noise: number,
  seed: number,
): Float32Array {
  const random = randomStream(seed, streams.start, ...shape);
  return Float32Array.from({ length: shape[0] * shape[1] * shape[2] }, () =>
    Math.min(1, Math.max(-1, noise * random.normal())),
  );
}

/** The start images of a batch, row by row; rows of one seed share theirs. */
export function startsOf(
  shape: readonly [number, number, number],
  noise: number,
  seeds: readonly number[],
): Float32Array[] {
  const starts = new Map<number, Float32Array>();
  return seeds.map((seed) => {
    const start = starts.get(seed) ?? startImage(shape, noise, seed);
    starts.set(seed, start);
    return start;
  });
}

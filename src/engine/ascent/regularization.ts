import type { Regularization } from "../../shared/domain";
import { randomStream } from "../random";
import { streams } from "./start";

/** What is done to every image after one update. */
export interface Transform {
  /** Degrees, counter-clockwise; null: this step does not rotate. */
  readonly rotation: number | null;
}

/** One for all images of a batch, or one for each; images beyond the list are not rotated. */
export type Transforms = Transform | readonly Transform[];

/**
 * The random transform of a step, from the seed and the step alone: every target and method shares it.
 * A rotation is uniform in +-`rotate` degrees and happens with `rotateProbability`.
 */
export function transformOf(
  regularization: Regularization,
  seed: number,
  step: number,
): Transform {
  const random = randomStream(seed, streams.transforms, step);
  // both numbers are always drawn, so that changing the probability keeps the angles
  const happens = random.uniform() < regularization.rotateProbability;
  const rotation = (2 * random.uniform() - 1) * regularization.rotate;
  return {
    rotation: regularization.rotate > 0 && happens ? rotation : null,
  };
}

/**
 * The transforms of a step for a batch that mixes seeds, image by image; one for all where they do not differ.
 */
export function transformsOf(
  regularization: Regularization,
  seeds: readonly number[],
  step: number,
): Transforms {
  const bySeed = new Map(
    [...new Set(seeds)].map((seed) => [
      seed,
      transformOf(regularization, seed, step),
    ]),
  );
  const [first = { rotation: null }, ...others] = bySeed.values();
  if (others.every(({ rotation }) => rotation === first.rotation)) return first;
  return seeds.map((seed) => bySeed.get(seed) ?? first);
}

/**
 * Weights of a Gaussian of standard deviation `sigma` pixels, odd length, sum 1.
 * The radius is 4 sigma rounded up: five taps at the default of 0.5.
 */
export function gaussianKernel(sigma: number): Float64Array {
  const radius = Math.ceil(4 * sigma);
  const weights = Float64Array.from({ length: 2 * radius + 1 }, (_, i) =>
    sigma > 0 ? Math.exp(-((i - radius) ** 2) / (2 * sigma * sigma)) : 1,
  );
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((w) => w / sum);
}

/**
 * One over the share of the kernel that lies inside the image, for each place of a row of `length` pixels.
 * Blurring with zero padding and multiplying by it leaves a constant image as it is.
 */
export function edgeGain(kernel: Float64Array, length: number): Float64Array {
  const radius = (kernel.length - 1) / 2;
  return Float64Array.from({ length }, (_, place) => {
    let inside = 0;
    for (let tap = -radius; tap <= radius; tap++)
      if (place + tap >= 0 && place + tap < length)
        inside += kernel[tap + radius] ?? 0;
    return 1 / inside;
  });
}

/**
 * The projective transforms of a batch, [1, 8] or [batch, 8] row by row; null where nothing rotates. An image that
 * does not rotate among others that do gets the identity, which leaves it as it is to the last bit.
 */
export function projectiveTransforms(
  transforms: Transforms,
  [batch, height, width]: readonly [number, number, number, ...number[]],
): readonly (readonly number[])[] | null {
  const all = "rotation" in transforms ? [transforms] : transforms;
  if (all.every(({ rotation }) => rotation === null)) return null;
  return Array.from({ length: "rotation" in transforms ? 1 : batch }, (_, i) =>
    rotationTransform(all[i]?.rotation ?? 0, height, width),
  );
}

/**
 * The projective transform [a0 a1 a2 b0 b1 b2 c0 c1] that rotates by `degrees` about the image's centre:
 * output (x, y) takes the input at (a0 x + a1 y + a2, b0 x + b1 y + b2).
 */
export function rotationTransform(
  degrees: number,
  height: number,
  width: number,
): readonly number[] {
  const angle = (degrees * Math.PI) / 180;
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  const x = (width - 1) / 2;
  const y = (height - 1) / 2;
  return [
    cos,
    -sin,
    x - cos * x + sin * y,
    sin,
    cos,
    y - sin * x - cos * y,
    0,
    0,
  ];
}

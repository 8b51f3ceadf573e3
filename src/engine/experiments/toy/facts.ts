/** What can be known of a toy without climbing. Linse, Barth, Martinetz 2024, Table 1, in our own derivation. */
import { Fault } from "../../../shared/fault";
import type { SettingsOf } from "../../../shared/lab/spec";
import { toyStep, type toy } from "../../../shared/lab/toy";
import { objective, type Objective } from "./objective";

export type ToySettings = SettingsOf<typeof toy>;

/** A toy with what is proven of it. */
export interface Toy {
  readonly objective: Objective;
  /** The factor on the gradient that was asked for, or the toy's own. */
  readonly step: number;
  /** p* = N / P. The gradient of a pixel lies in [p P - N, P - p N], whatever the image and the forward slope. */
  readonly threshold: number;
  /** Largest |frequency response| of T4's kernel on this image; null for the others. */
  readonly peak: number | null;
  /** f / pixels of the best image known: white, for T3 the better of white and black. */
  optimum(forward: number): number;
  /** Whether no image is better than white. */
  proven(forward: number): boolean;
}

/** Throws a Fault `invalid-request` for a kernel that has no white image to find. */
export function toyOf(settings: ToySettings): Toy {
  const { toy, size, lambda, kernel } = settings;
  if (toy === "T4") return convolution(kernel, settings);
  const two = toy === "T3";
  const sum = objective(two ? [[1], [-lambda]] : [[1]], size);
  return {
    objective: sum,
    step: toyStep(settings),
    threshold: thresholdOf(sum),
    peak: null,
    // both are separable: a pixel alone is best at an end of its range
    optimum: (s) => (two ? Math.max(1 - lambda * s, lambda - s) : 1),
    proven: () => !two || lambda <= 1,
  };
}

function convolution(kernel: readonly number[], settings: ToySettings): Toy {
  const { size } = settings;
  checkKernel(kernel, size);
  const total = kernel.reduce((sum, w) => sum + w, 0);
  const filtered = objective([kernel], size);
  const peak = peakOf(kernel, size);
  return {
    objective: filtered,
    step: toyStep(settings),
    threshold: thresholdOf(filtered),
    peak,
    optimum: () => total,
    // y = (1 + s)/2 z + (1 - s)/2 |z|; by Parseval mean |k * x| is bounded, and the bound is largest at white
    proven: (s) => peak ** 2 * (1 - s) <= 2 * total ** 2 * (1 + 1e-12),
  };
}

function checkKernel(kernel: readonly number[], size: number): void {
  const side = Math.sqrt(kernel.length);
  const refuse = (message: string, remedy: string) => {
    throw new Fault("invalid-request", message, remedy);
  };
  if (!Number.isInteger(side) || side % 2 === 0)
    refuse(
      `A kernel of ${kernel.length} weights is not square with an odd side.`,
      "Give 1, 9, 25, 49, ... weights, row by row.",
    );
  if (side > size)
    refuse(
      `A kernel of ${side} x ${side} is larger than the image of ${size} x ${size}.`,
      "Take a larger image or a smaller kernel.",
    );
  if (!kernel.some((w) => w > 0))
    refuse(
      "The kernel has no positive weight: nothing draws the image towards white.",
      "Give it at least one positive weight.",
    );
  const total = kernel.reduce((sum, w) => sum + w, 0);
  if (total <= 0)
    refuse(
      `The kernel's weights sum to ${total}, so a white image does not activate it, and white is not what it looks for.`,
      "Make the positive weights outweigh the negative ones.",
    );
}

function thresholdOf({ positive, negative }: Objective): number {
  return negative / positive;
}

/** Above the threshold: the steps after which everything is white for sure; null below. */
export function guaranteedSteps(
  { objective: { positive, negative }, step, threshold }: Toy,
  backward: number,
  start: Float32Array,
): number | null {
  const least = backward * positive - negative;
  // rounding alone can put it on the other side of 0
  if (backward <= threshold || least <= 0) return null;
  const darkest = start.reduce((a, b) => Math.min(a, b), 1);
  return Math.ceil((1 - darkest) / (step * least));
}

/** The largest |frequency response| over the frequencies an image of size x size has. */
function peakOf(kernel: readonly number[], size: number): number {
  const side = Math.sqrt(kernel.length);
  let peak = 0;
  for (let u = 0; u < size; u++)
    for (let v = 0; v <= size / 2; v++) {
      let [real, imaginary] = [0, 0];
      for (const [i, weight] of kernel.entries()) {
        const angle =
          (2 * Math.PI * (u * Math.floor(i / side) + v * (i % side))) / size;
        real += weight * Math.cos(angle);
        imaginary += weight * Math.sin(angle);
      }
      peak = Math.max(peak, Math.hypot(real, imaginary));
    }
  return peak;
}

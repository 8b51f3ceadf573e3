/** The toys' ascent: the plain step, clipped, watched at a few points. */
import { nextFrame } from "@tensorflow/tfjs-core";
import type { Slopes } from "../../../shared/method";
import type { Objective } from "./objective";
import { StuckPixels } from "./stuck";

/** An image on its way. */
export interface ClimbPoint {
  /** Updates so far. */
  readonly step: number;
  /** Shares of pixels. */
  readonly white: number;
  readonly black: number;
  readonly stuck: number;
  readonly mean: number;
  /** f / pixels. */
  readonly value: number;
  /** [pixel]; the climb goes on in it. */
  readonly x: Float64Array;
}

export interface ClimbRequest {
  readonly objective: Objective;
  readonly slopes: Slopes;
  /** Factor on the gradient. */
  readonly step: number;
  readonly steps: number;
  /** [pixel]. */
  readonly start: Float32Array;
}

/** White and black begin here. */
const edge = 0.99;
/** Pixels times steps between two looks at the signal: some ten milliseconds. */
const breath = 1 << 20;

/**
 * x <- clip(x + step * gradient, -1, 1), `steps` times. Yields the image at {@link pointsOf} the climb, the start and
 * the end among them; returns early once the signal is aborted.
 */
export async function* climb(
  { objective, slopes, step, steps, start }: ClimbRequest,
  { signal }: { signal: AbortSignal },
): AsyncGenerator<ClimbPoint, void, void> {
  const x = Float64Array.from(start);
  const gradient = new Float64Array(x.length);
  const stuck = new StuckPixels(x, step * objective.positive, edge);
  const points = new Set(pointsOf(steps));
  let value = objective.ascend(x, slopes, gradient);
  let moves = true;
  let since = 0;
  for (let done = 0; ; done++) {
    if (points.has(done))
      yield {
        step: done,
        white: share(x, (v) => v > edge),
        black: share(x, (v) => v < -edge),
        stuck: stuck.share(done),
        mean: x.reduce((sum, v) => sum + v, 0) / x.length,
        value,
        x,
      };
    if (done === steps) return;
    since += x.length;
    if (since > breath) {
      since = 0;
      await nextFrame();
    }
    if (signal.aborted) return;
    if (moves) {
      moves = update(x, gradient, step);
      // an image that one update leaves as it is stays as it is
      if (moves) value = objective.ascend(x, slopes, gradient);
    }
    stuck.saw();
  }
}

/** Whether anything has moved. */
function update(x: Float64Array, gradient: Float64Array, step: number) {
  let moved = false;
  for (let i = 0; i < x.length; i++) {
    const before = x[i] ?? 0;
    const next = before + step * (gradient[i] ?? 0);
    const clipped = next > 1 ? 1 : next < -1 ? -1 : next;
    if (clipped !== before) moved = true;
    x[i] = clipped;
  }
  return moved;
}

/** At most 151 steps from 0 to `steps`, growing with the square: what happens, happens early. */
export function pointsOf(steps: number): number[] {
  const intervals = 150;
  return [
    ...new Set(
      Array.from({ length: intervals + 1 }, (_, i) =>
        Math.round(steps * (i / intervals) ** 2),
      ),
    ),
  ];
}

function share(x: Float64Array, is: (value: number) => boolean): number {
  let count = 0;
  for (const value of x) if (is(value)) count++;
  return count / x.length;
}

import type { Slopes } from "../../shared/method";

/** The paths of a rectifier's drawing, in a box of 44 x 36. */
export interface RectifierCurve {
  readonly axes: string;
  /** y = x for x > 0, slope * x below; the origin is in the middle. */
  readonly forward: string;
  /** The factor on the gradient as steps: 0 at the bottom, 1 near the top. */
  readonly backward: string;
}

export const curveSize = { width: 44, height: 36 } as const;

/**
 * Draws the rectifier of a column. Forward and backward have their own vertical scales, as their values do
 * not compare; a slope that is not 0 is drawn at least 2 px away from 0, or 0.01 would look like 0.
 */
export function rectifierCurve(slopes: Slopes): RectifierCurve {
  const left = round(18 + away(slopes.forward, 2, 14));
  const below = round(33 - away(slopes.backward, 3, 22));
  return {
    axes: "M2 18H42M22 2V34",
    forward: `M2 ${left}L22 18L40 2`,
    backward: `M2 ${below}H22M22 8H42`,
  };
}

function away(slope: number, least: number, span: number): number {
  return slope > 0 ? least + slope * span : 0;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

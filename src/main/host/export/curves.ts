/** The rectifier of a column's head: its values (forward slope) and its gradient (backward slope). */
import type { Slopes } from "../../../shared/method";

export interface CurveColours {
  readonly axis: string;
  readonly forward: string;
  readonly backward: string;
}

/** SVG elements for a box of 44 x 36: x in -1..1, values around the middle, gradients from 0 at the bottom to 1. */
export function rectifierCurves(
  slopes: Slopes,
  { axis, forward, backward }: CurveColours,
): string {
  const y = (value: number) => 18 - value * 16;
  const gradient = (slope: number) => 33 - slope * 25;
  return [
    `<path d="M2 18H42M22 2V34" stroke="${axis}" fill="none"/>`,
    `<path d="M2 ${y(-slopes.forward)}L22 18L40 2" stroke="${forward}" stroke-width="2" fill="none" stroke-linejoin="round"/>`,
    `<path d="M2 ${gradient(slopes.backward)}H22M22 ${gradient(1)}H42" stroke="${backward}" stroke-width="2" fill="none"/>`,
  ].join("");
}

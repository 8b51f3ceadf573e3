/** Scores of a row share one axis, so that the traces of its methods can be compared by eye. */
export interface Axis {
  /** Steps at the right end. */
  readonly steps: number;
  readonly low: number;
  readonly high: number;
}

/** More points than this are not seen at the width of a tile. */
const finest = 160;

/** The axis over the lowest and highest scores of a row's traces; 0 is on it unless every score is negative. */
export function sharedAxis(
  extents: readonly { readonly low: number; readonly high: number }[],
  steps: number,
): Axis {
  let low = Infinity;
  let high = -Infinity;
  for (const extent of extents) {
    low = Math.min(low, extent.low);
    high = Math.max(high, extent.high);
  }
  if (low > high) return { steps: Math.max(1, steps), low: 0, high: 1 };
  if (high > 0) low = Math.min(low, 0);
  if (high - low < 1e-9) high = low + 1;
  return { steps: Math.max(1, steps), low, high };
}

/** Points for an SVG polyline of the first `length` scores in a box `width` x `height`; thinned to what can be seen, ends kept. */
export function tracePoints(
  trace: readonly number[],
  length: number,
  axis: Axis,
  width: number,
  height: number,
): string {
  const last = length - 1;
  if (last < 0) return "";
  const stride = Math.max(1, Math.ceil(last / finest));
  const points: string[] = [];
  for (let k = 0; k < last; k += stride)
    points.push(point(k, trace[k] ?? 0, axis, width, height));
  points.push(point(last, trace[last] ?? 0, axis, width, height));
  return points.join(" ");
}

export function traceX(step: number, axis: Axis, width: number): number {
  return round((Math.min(step, axis.steps) / axis.steps) * width);
}

export function traceY(score: number, axis: Axis, height: number): number {
  return round(height - ((score - axis.low) / (axis.high - axis.low)) * height);
}

function point(
  step: number,
  score: number,
  axis: Axis,
  width: number,
  height: number,
): string {
  return `${traceX(step, axis, width)},${traceY(score, axis, height)}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

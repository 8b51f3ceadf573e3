/** Score traces as inline SVG, on one axis for all tiles of a row. */

/** Steps 0..`steps` from left to right, scores `low`..`high` upwards. */
export interface TraceAxis {
  readonly steps: number;
  readonly low: number;
  readonly high: number;
}

const width = 100;
const height = 44;
/** More points than this cannot be told apart in so small a plot. */
const mostPoints = 120;

/** The axis that holds all of a row's traces, and zero. */
export function traceAxis(traces: readonly (readonly number[])[]): TraceAxis {
  let low = 0;
  let high = 0;
  let steps = 1;
  for (const trace of traces) {
    steps = Math.max(steps, trace.length - 1);
    for (const score of trace) {
      low = Math.min(low, score);
      high = Math.max(high, score);
    }
  }
  return { steps, low, high: high > low ? high : low + 1 };
}

export function tracePlot(
  trace: readonly number[],
  { steps, low, high }: TraceAxis,
  accent: boolean,
): string {
  const y = (score: number) =>
    (height - ((score - low) / (high - low)) * height).toFixed(1);
  const points = sampled(trace.length).map(
    (step) => `${((step / steps) * width).toFixed(1)},${y(trace[step] ?? 0)}`,
  );
  const name =
    trace.length > 0
      ? `Score from ${trace[0]?.toFixed(1)} to ${trace.at(-1)?.toFixed(1)} over ${trace.length - 1} steps`
      : "No score";
  return `<svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-label="${name}"><path class="axis" d="M0 ${y(0)}H${width}"/><polyline class="${accent ? "trace accent" : "trace"}" points="${points.join(" ")}"/></svg>`;
}

/** Indices into a trace, evenly spread, the first and the last among them. */
function sampled(length: number): number[] {
  const count = Math.min(length, mostPoints);
  return Array.from({ length: count }, (_, n) =>
    count === 1 ? 0 : Math.round((n * (length - 1)) / (count - 1)),
  );
}

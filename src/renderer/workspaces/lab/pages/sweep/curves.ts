/** A sweep's summary as charts, rows and sentences. */
import type {
  SweepBest,
  SweepCell,
  SweepMethod,
  SweepSummary,
} from "../../../../../shared/lab/sweep";
import type { PlotPoint, PlotReference, PlotSeries } from "../../plot-series";

/** What one chart shows. */
export interface Curve {
  readonly steps: number;
  readonly regularized: boolean;
  readonly cells: readonly SweepCell[];
  /** Plain ReLU's; null where it is not part of the sweep. */
  readonly plain: SweepCell | null;
  /** Of ProxyGrad's slopes; null before all are computed. */
  readonly best: SweepBest | null;
}

export function curvesOf({ cells, bestProxygrad }: SweepSummary): Curve[] {
  const curves = new Map<string, SweepCell[]>();
  for (const cell of cells) {
    const key = `${cell.steps} ${cell.regularized}`;
    const own = curves.get(key);
    if (own) own.push(cell);
    else curves.set(key, [cell]);
  }
  return [...curves.values()].flatMap((own) => {
    const [first] = own;
    if (!first) return [];
    const { steps, regularized } = first;
    const ours = own.filter(({ method }) => method === "proxygrad");
    return {
      steps,
      regularized,
      cells: own,
      plain: own.find(({ method }) => method === "relu") ?? null,
      // of those that are there it would only be the best so far
      best: ours.every(({ n, of }) => n === of)
        ? (bestProxygrad.find(
            (best) => best.steps === steps && best.regularized === regularized,
          ) ?? null)
        : null,
    };
  });
}

/** "After 10 steps, regularized" */
export function titleOf({ steps, regularized }: Omit<Curve, "cells">): string {
  return `After ${steps} ${steps === 1 ? "step" : "steps"}${regularized ? ", with blur and rotation" : ""}`;
}

export function seriesOf({ cells }: Curve): PlotSeries[] {
  const of = (method: SweepMethod): PlotPoint[] =>
    cells.flatMap(({ method: own, slope, mean, spread }) =>
      own !== method || mean === null
        ? []
        : {
            x: slope,
            y: mean,
            ...(spread !== null && { low: mean - spread, high: mean + spread }),
          },
    );
  const series: PlotSeries[] = [
    { name: "Leaky ReLU", tone: "soft", spread: "band", points: of("leaky") },
    {
      name: "ProxyGrad",
      tone: "accent",
      spread: "band",
      points: of("proxygrad"),
    },
  ];
  return series.filter(({ points }) => points.length > 0);
}

export function referencesOf({ plain }: Curve): PlotReference[] {
  return plain?.mean == null
    ? []
    : [{ at: plain.mean, label: `ReLU ${plain.mean.toFixed(1)}` }];
}

/** A slope's methods side by side; at least one of them has a score. */
export interface SlopeRow {
  readonly curve: Curve;
  readonly slope: number;
  readonly proxygrad: SweepCell | null;
  readonly leaky: SweepCell | null;
}

export function rowsOf(curves: readonly Curve[]): SlopeRow[] {
  return curves.flatMap((curve) => {
    const find = (method: SweepMethod, slope: number) =>
      curve.cells.find(
        (cell) => cell.method === method && cell.slope === slope,
      ) ?? null;
    const slopes = curve.cells
      .filter(({ method }) => method !== "relu")
      .map(({ slope }) => slope);
    return [...new Set(slopes)]
      .map((slope) => ({
        curve,
        slope,
        proxygrad: find("proxygrad", slope),
        leaky: find("leaky", slope),
      }))
      .filter(({ proxygrad, leaky }) => proxygrad?.n || leaky?.n);
  });
}

/** What did not climb to the end, in sentences. */
export function trouble(cells: readonly SweepCell[]): string[] {
  const sum = (of: (cell: SweepCell) => number) =>
    cells.reduce((total, cell) => total + of(cell), 0);
  const silent = sum((cell) => cell.silent);
  const failed = sum((cell) => cell.failed);
  const of = sum((cell) => cell.n + cell.failed);
  return [
    ...(silent > 0
      ? [
          `${silent} of ${of} ascents ended early because the gradient was exactly zero; they count with the score they had.`,
        ]
      : []),
    ...(failed > 0
      ? [
          `${failed} of ${of} ascents came to numbers that are not finite and do not count.`,
        ]
      : []),
  ];
}

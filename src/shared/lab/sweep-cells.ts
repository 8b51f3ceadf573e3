/** Means and spreads over a sweep's rows, also while they come in. */
import {
  sweepLanes,
  sweepPoints,
  sweepScore,
  type SweepBest,
  type SweepCell,
  type SweepRow,
  type SweepSettings,
} from "./sweep";
import type { Target } from "../domain";
import {
  nameRowTarget,
  rowTarget,
  targetOfRow,
  type RowTarget,
} from "./targets";
import { deviationOf, meanOf } from "../statistics";

type Point = Pick<SweepRow, "method" | "slope" | "steps" | "regularized">;

/** `rows`: those there are, in any order; of other settings they are passed over. */
export function sweepCells(
  settings: SweepSettings,
  targets: readonly Target[],
  rows: Iterable<SweepRow>,
): {
  cells: SweepCell[];
  best: SweepBest[];
  bestProxygrad: SweepBest[];
} {
  const byPoint = new Map<string, Map<string, SweepRow>>();
  for (const row of rows) {
    const name = nameOf(row);
    const ofPoint = byPoint.get(name) ?? new Map<string, SweepRow>();
    byPoint.set(name, ofPoint.set(laneOf(row), row));
  }
  const lanes = sweepLanes(settings, targets);
  const rowsOf = (point: Point) => {
    const ofPoint = byPoint.get(nameOf(point));
    return lanes.flatMap((lane) => ofPoint?.get(laneOf(lane)) ?? []);
  };
  const cells = sweepPoints(settings).map((point) =>
    cellOf(
      point,
      rowsOf(point),
      rowsOf({ ...point, method: "relu", slope: 0 }),
      lanes.length,
    ),
  );
  return {
    cells,
    best: bestOf(cells),
    bestProxygrad: bestOf(cells.filter(({ method }) => method === "proxygrad")),
  };
}

function nameOf({ method, slope, steps, regularized }: Point): string {
  return `${method} ${slope} ${steps} ${regularized}`;
}

function laneOf(row: RowTarget & Pick<SweepRow, "seed">): string {
  return `${nameRowTarget(row)} ${row.seed}`;
}

function cellOf(
  { method, slope, steps, regularized }: Point,
  rows: readonly SweepRow[],
  plain: readonly SweepRow[],
  of: number,
): SweepCell {
  const values = rows.flatMap((row) => sweepScore(row) ?? []);
  // compared on the classes and seeds that both have, so that a mean of few is no mean of others
  const others = new Map(plain.map((row) => [laneOf(row), sweepScore(row)]));
  const pairs = rows.flatMap((row) => {
    const score = sweepScore(row);
    const other = others.get(laneOf(row)) ?? null;
    return score === null || other === null ? [] : [{ score, plain: other }];
  });
  const plainMean = meanOf(pairs.map((pair) => pair.plain));
  const ownMean = meanOf(pairs.map((pair) => pair.score));
  return {
    steps,
    regularized,
    method,
    slope,
    mean: meanOf(values),
    spread: deviationOf(values),
    n: values.length,
    of,
    silent: rows.filter(({ silent }) => silent).length,
    failed: rows.length - values.length,
    ratio:
      ownMean !== null && plainMean !== null && plainMean > 0
        ? ownMean / plainMean
        : null,
    above: pairs.filter((pair) => pair.score > pair.plain).length,
    scores: rows.map((row) => ({
      ...rowTarget(targetOfRow(row)),
      seed: row.seed,
      score: sweepScore(row),
    })),
  };
}

/** The highest mean of each curve among the points that have all their scores; of equal ones the first. */
function bestOf(cells: readonly SweepCell[]): SweepBest[] {
  const best = new Map<string, SweepBest>();
  for (const {
    steps,
    regularized,
    method,
    slope,
    mean,
    n,
    of,
    ratio,
  } of cells) {
    if (mean === null || n < of) continue;
    const curve = `${steps} ${regularized}`;
    const found = best.get(curve);
    if (!found || mean > found.score)
      best.set(curve, {
        steps,
        regularized,
        method,
        slope,
        score: mean,
        ratio,
      });
  }
  return [...best.values()];
}

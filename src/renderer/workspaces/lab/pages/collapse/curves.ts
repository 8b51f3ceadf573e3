/** What became of the runs over time, as curves and as numbers. */
import {
  tableMethods,
  type ClassRow,
  type TableMethod,
} from "../../../../../shared/lab/class-table";
import { nameRowTarget } from "../../../../../shared/lab/targets";
import type { PlotPoint, PlotSeries, PlotTone } from "../../plot-series";

export type Measure = "trace" | "edges" | "variations" | "stds";

export const measures: readonly {
  readonly value: Measure;
  readonly title: string;
  readonly axis: string;
}[] = [
  { value: "trace", title: "Score", axis: "score" },
  { value: "edges", title: "At the edge", axis: "share at the edge" },
  { value: "variations", title: "Roughness", axis: "roughness" },
  { value: "stds", title: "Deviation", axis: "standard deviation" },
];

const tones: Readonly<Record<TableMethod, PlotTone>> = {
  relu: "strong",
  leaky: "soft",
  proxygrad: "accent",
};

/**
 * A curve for each method. `target` null: the mean over the classes that every method has begun, with each class
 * behind it as a thin line.
 */
export function curvesOf(
  rows: readonly ClassRow[],
  {
    measure,
    target,
    title,
  }: {
    readonly measure: Measure;
    /** As text (see `nameRowTarget`). */
    readonly target: string | null;
    readonly title: (method: TableMethod) => string;
  },
): PlotSeries[] {
  const targets = target === null ? begunByAll(rows) : new Set([target]);
  const mine = rows.filter((row) => targets.has(nameRowTarget(row)));
  return tableMethods.flatMap((method) => {
    const group = mine.filter((row) => row.method === method);
    const line = { tone: tones[method], marker: "none" } as const;
    const each: PlotSeries[] =
      target === null && group.length > 1
        ? group.map((row) => ({
            ...line,
            name: `${title(method)}, ${nameRowTarget(row)}`,
            points: pointsOf(row, measure),
            line: "thin",
            named: false,
          }))
        : [];
    return [
      ...each,
      {
        ...line,
        name: title(method),
        points: meanOf(group, measure),
        ...(method === "leaky" && { line: "dashed" }),
      },
    ];
  });
}

function begunByAll(rows: readonly ClassRow[]): Set<string> {
  const methods = new Map<string, Set<TableMethod>>();
  for (const row of rows) {
    const name = nameRowTarget(row);
    methods.set(name, (methods.get(name) ?? new Set()).add(row.method));
  }
  return new Set(
    [...methods].flatMap(([target, begun]) =>
      begun.size === tableMethods.length ? target : [],
    ),
  );
}

function pointsOf(row: ClassRow, measure: Measure): PlotPoint[] {
  return row.steps.map((x, i) => ({ x, y: row[measure][i] ?? NaN }));
}

/** The mean at every step that all rows have; a silent image stays as it is. */
function meanOf(rows: readonly ClassRow[], measure: Measure): PlotPoint[] {
  const moving = rows.filter(({ state }) => state !== "silent");
  const reached = Math.min(
    ...(moving.length > 0 ? moving : rows).map(({ steps }) => steps.length),
  );
  const [longest] = [...rows].sort((a, b) => b.steps.length - a.steps.length);
  return (longest?.steps ?? []).slice(0, reached).map((x, i) => ({
    x,
    y:
      rows.reduce((sum, row) => {
        const values = row[measure];
        return sum + (values[Math.min(i, values.length - 1)] ?? NaN);
      }, 0) / rows.length,
  }));
}

/** A value of the trace at a step; null where none was taken. */
export function valueAt(
  row: ClassRow,
  measure: Measure,
  step: number,
): number | null {
  const index = row.steps.indexOf(step);
  return index < 0 ? null : (row[measure][index] ?? null);
}

/** Where the score was highest, and how much of it is left at the end; null without a trace. */
export function peakOf(row: ClassRow): {
  readonly step: number;
  readonly score: number;
} | null {
  let best = 0;
  for (const [i, score] of row.trace.entries())
    if (score > (row.trace[best] ?? -Infinity)) best = i;
  const [step, score] = [row.steps[best], row.trace[best]];
  return step === undefined || score === undefined ? null : { step, score };
}

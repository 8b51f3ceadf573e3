/** What the page draws and tabulates, from what the engine computed. */
import type { LabSummary } from "../../../../../shared/lab";
import { formatFigures, type TableColumn } from "../../../../lib/table";
import type { PlotPoint, PlotSeries } from "../../plot-series";

type Summary = LabSummary<"gradient-magnitude">;
type Cell = Summary["cells"][number];

/** One network under one method. */
export interface Curve {
  readonly title: string;
  readonly method: Cell["method"];
  readonly batchNorm: boolean;
  /** By slope, ascending. */
  readonly cells: readonly Cell[];
  /** How many rectifiers in a chain explain it best; null where nothing could be fitted. */
  readonly depth: number | null;
}

const methodTitles = {
  leaky: "Leaky ReLU",
  proxygrad: "ProxyGrad",
} as const;

export function curvesOf({ cells, chains }: Summary): Curve[] {
  const curves = new Map<string, Curve & { cells: Cell[] }>();
  for (const cell of cells) {
    const { subject, method, batchNorm } = cell;
    const key = `${subject} ${method}`;
    const chain = chains.find(
      (one) => one.subject === subject && one.method === method,
    );
    const curve = curves.get(key) ?? {
      title: `${methodTitles[method]}, ${normTitle(batchNorm)}`,
      method,
      batchNorm,
      cells: [],
      depth: chain?.depth ?? null,
    };
    curve.cells.push(cell);
    curves.set(key, curve);
  }
  for (const { cells } of curves.values())
    cells.sort((a, b) => a.slope - b.slope);
  return [...curves.values()];
}

function normTitle(batchNorm: boolean): string {
  return batchNorm ? "batch norm" : "no batch norm";
}

/** Ratios with their spread, and thin behind them what a chain of rectifiers would give. At slope 0 all are ReLU. */
export function seriesOf(curves: readonly Curve[]): PlotSeries[] {
  return curves.flatMap(({ title, method, batchNorm, cells, depth }) => {
    const tone = method === "proxygrad" ? "accent" : "strong";
    const measured: PlotSeries = {
      name: title,
      tone,
      line: batchNorm ? "solid" : "dashed",
      marker: batchNorm ? "circle" : "square",
      points: fromReLU(
        cells.flatMap(({ slope, ratio, spread }) =>
          ratio === null
            ? []
            : {
                x: slope,
                y: ratio,
                ...(spread !== null && {
                  low: ratio - spread,
                  high: ratio + spread,
                }),
              },
        ),
      ),
    };
    if (depth === null) return measured;
    const chain: PlotSeries = {
      name: `${title}, chain`,
      named: false,
      tone,
      line: "thin",
      marker: "none",
      points: fromReLU(
        cells.map(({ slope, factor }) => ({
          x: slope,
          y: factor ** (depth / 2),
        })),
      ),
    };
    return [chain, measured];
  });
}

function fromReLU(points: readonly PlotPoint[]): PlotPoint[] {
  return points[0]?.x === 0 ? [...points] : [{ x: 0, y: 1 }, ...points];
}

/** Methods down, slopes across: ratio and spread. */
export function ratioColumns(
  slopes: readonly number[],
): readonly TableColumn<Curve>[] {
  return [
    {
      title: "method",
      kind: "text",
      value: ({ method }) => methodTitles[method],
    },
    { title: "batch norm", kind: "text", value: ({ batchNorm }) => batchNorm },
    ...[...new Set(slopes)]
      .sort((a, b) => a - b)
      .map((slope): TableColumn<Curve> => {
        const at = ({ cells }: Curve) =>
          cells.find((cell) => cell.slope === slope);
        return {
          title: String(slope),
          value: (curve) => at(curve)?.ratio ?? null,
          show(curve) {
            const { ratio = null, spread = null } = at(curve) ?? {};
            if (ratio === null) return "–";
            const shown = ratio.toFixed(3);
            return spread === null ? shown : `${shown} ± ${spread.toFixed(3)}`;
          },
        };
      }),
  ];
}

/** Every number there is. */
export const cellColumns: readonly TableColumn<Cell>[] = [
  { title: "network", kind: "text", value: ({ network }) => network },
  { title: "batch norm", kind: "text", value: ({ batchNorm }) => batchNorm },
  {
    title: "method",
    kind: "text",
    value: ({ method }) => methodTitles[method],
  },
  {
    title: "slope",
    value: ({ slope }) => slope,
    show: ({ slope }) => String(slope),
  },
  { title: "mean |gradient|", value: ({ meanAbs }) => meanAbs },
  { title: "ReLU", value: ({ relu }) => relu },
  { title: "/ ReLU", value: ({ ratio }) => ratio },
  { title: "spread", value: ({ spread }) => spread },
  {
    title: "repetitions",
    value: ({ repetitions }) => repetitions,
    show: ({ repetitions }) => String(repetitions),
  },
  { title: "factor of a rectifier", value: ({ factor }) => factor },
];

/** What was measured, a sentence a network: "ResNet-18 …: derivative after layer1.0.conv1, …" */
export function standings({ cells }: Summary): string[] {
  return [
    ...new Map(
      cells.map((cell) => [
        cell.subject,
        `${cell.network}: derivative after ${cell.node}, with plain ReLU ${formatFigures(cell.relu)} in size.`,
      ]),
    ).values(),
  ];
}

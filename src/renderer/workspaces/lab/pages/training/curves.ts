/** Learning curves of an experiment's runs as series of a plot, and its tables. */
import {
  methodOfSlopes,
  trainingTable,
  type CurvePoint,
  type Training,
  type TrainingRow,
  type TrainingRun,
  type TrainingSlopes,
} from "../../../../../shared/training";
import { titleMethod } from "../../../../../shared/method";
import { formatFigures, type TableColumn } from "../../../../lib/table";
import type { PlotSeries, PlotTone } from "../../plot-series";

export type CurvePart = "train" | "validation";
export type CurveMeasure = "loss" | "accuracy";

export function titleSlopes(slopes: TrainingSlopes): string {
  return titleMethod(methodOfSlopes(slopes));
}

/** ReLU and Leaky ReLU are grey, ProxyGrad has the accent; several of a kind are steps between. */
export function tonesOf(all: readonly TrainingSlopes[]): PlotTone[] {
  const proxies = all.filter((slopes) => isProxy(slopes));
  let proxy = 0;
  return all.map((slopes) => {
    if (isProxy(slopes)) {
      proxy++;
      // From half-way to the accent itself.
      return proxies.length === 1 ? "accent" : 0.4 + (0.6 * proxy) / proxies.length; // prettier-ignore
    }
    return slopes.forward === 0 ? "soft" : "strong";
  });
}

function isProxy(slopes: TrainingSlopes): boolean {
  return slopes.forward !== slopes.backward;
}

/**
 * Epoch by epoch: for each pair of slopes the mean over its seeds, named, and behind it each seed as a thin line.
 * The mean is over the runs that are done, so that one that has just begun does not cut it short; before any is,
 * over those that have begun. It goes as far as all of them do. A single run is its own mean.
 */
export function curveSeries(
  { plan, runs }: Pick<Training, "plan" | "runs">,
  measure: CurveMeasure,
  part: CurvePart,
): PlotSeries[] {
  const tones = tonesOf(plan.slopes);
  return plan.slopes.flatMap((slopes, i): PlotSeries[] => {
    const tone = tones[i] ?? "soft";
    const name = titleSlopes(slopes);
    const curves = runs
      .filter((run) => sameSlopes(run.slopes, slopes) && run.curve.length > 0)
      .map((run) => ({ run, points: pointsOf(run, measure, part) }))
      .filter(({ points }) => points.length > 0);
    const done = curves.filter(({ run }) => run.state === "done");
    const thin =
      curves.length < 2
        ? []
        : curves.map(({ run, points }): PlotSeries => ({
            name: `${name}, seed ${run.seed}`,
            tone,
            line: "thin",
            marker: "none",
            named: false,
            points: thinned(points, plan.epochs),
          }));
    const mean: PlotSeries = {
      name,
      tone,
      marker: "none",
      points: thinned(
        meanOf((done.length > 0 ? done : curves).map(({ points }) => points)),
        plan.epochs,
      ),
    };
    return [...thin, mean];
  });
}

/** More points than the plot has places say nothing: a long training is drawn at every so many epochs and its last. */
const mostPoints = 500;

/** By the epochs of the plan, so that all curves have their points at the same ones. */
function thinned<P>(points: readonly P[], epochs: number): readonly P[] {
  const every = Math.ceil(epochs / mostPoints);
  return points.filter((_, i) => i % every === 0 || i === points.length - 1);
}

function pointsOf(run: TrainingRun, measure: CurveMeasure, part: CurvePart) {
  return run.curve.flatMap((point: CurvePoint) => {
    const measured = point[part];
    return measured ? [{ x: point.epoch, y: measured[measure] }] : [];
  });
}

/** The mean at every epoch that all curves have. */
function meanOf(curves: readonly { x: number; y: number }[][]) {
  const shortest = Math.min(...curves.map((points) => points.length));
  const [first = []] = curves;
  return first.slice(0, shortest).map(({ x }, i) => ({
    x,
    y:
      curves.reduce((sum, points) => sum + (points[i]?.y ?? 0), 0) /
      curves.length,
  }));
}

export function sameSlopes(a: TrainingSlopes, b: TrainingSlopes): boolean {
  return a.forward === b.forward && a.backward === b.backward;
}

/** Per cent with one decimal; "–" for nothing. */
export function percent(share: number | null | undefined): string {
  return share == null ? "–" : `${(share * 100).toFixed(1)} %`;
}

export const spreadColumns: readonly TableColumn<TrainingRow>[] = [
  { title: "method", value: (r) => titleSlopes(r.slopes), kind: "text" },
  { title: "forward", value: (r) => r.slopes.forward, show: (r) => String(r.slopes.forward) }, // prettier-ignore
  { title: "backward", value: (r) => r.slopes.backward, show: (r) => String(r.slopes.backward) }, // prettier-ignore
  { title: "seeds done", value: (r) => r.validation.count || r.test.count, show: (r) => `${Math.max(r.validation.count, r.test.count)} of ${r.seeds}` }, // prettier-ignore
  { title: "validation, mean", value: (r) => r.validation.mean, show: (r) => percent(r.validation.mean) }, // prettier-ignore
  { title: "validation, deviation", value: (r) => r.validation.deviation, show: (r) => percent(r.validation.deviation) }, // prettier-ignore
  { title: "test, mean", value: (r) => r.test.mean, show: (r) => percent(r.test.mean) }, // prettier-ignore
  { title: "test, deviation", value: (r) => r.test.deviation, show: (r) => percent(r.test.deviation) }, // prettier-ignore
];

/** Rows of the table of mean and spread; those without an ended run have nothing to show yet. */
export function spreadRows({ plan, runs }: Training): TrainingRow[] {
  return trainingTable(plan, runs);
}

export function showMeasure(measure: CurveMeasure): (value: number) => string {
  return measure === "accuracy" ? percent : (value) => formatFigures(value);
}

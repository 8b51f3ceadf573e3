/** What the contact sheet and the page call things. */
import type {
  AscentSettings,
  Contrast,
  RunRecord,
} from "../../../shared/domain";
import type { ExportTile } from "./source";

export const contrastTitles: Readonly<Record<Contrast, string>> = {
  raw: "raw",
  sigma: "±3 σ",
  percentile: "1–99 %",
};

export function formatScore(score: number): string {
  const size = Math.abs(score);
  if (size >= 1e6) return score.toExponential(2).replace("-", "−");
  if (size >= 1) return minus(score.toFixed(1));
  return size === 0 ? "0.0" : minus(score.toPrecision(2));
}

/**
 * The difference to the first column: in percent of its score where that is positive, else in logits.
 * Empty where the first column has no run in this row.
 */
export function formatDifference({ run, baseline }: ExportTile): string {
  if (!baseline) return "";
  if (run.tile.column === baseline.tile.column) return "baseline";
  const by = run.score - baseline.score;
  if (baseline.score <= 0) return (by > 0 ? "+" : "") + formatScore(by);
  const percent = Math.round((by / baseline.score) * 100);
  return `${percent > 0 ? "+" : ""}${minus(String(percent))} %`;
}

/** Silent and cancelled runs say so; a run that is done has nothing to explain. */
export function formatState(run: RunRecord): string {
  switch (run.state) {
    case "done":
      return "";
    case "silent":
      return `silent at step ${run.step}`;
    case "cancelled":
      return `stopped at step ${run.step}`;
  }
}

/** Everything besides network, target and method that decided the pictures. */
export function settingsFacts(
  settings: AscentSettings,
): readonly (readonly [name: string, value: string])[] {
  const { blur, rotate, rotateProbability } = settings.regularization;
  return [
    ["steps", String(settings.steps)],
    ["step size", String(settings.stepSize)],
    ["seed", String(settings.seed)],
    ["start noise", String(settings.startNoise)],
    ["blur", blur ? `σ ${blur} px` : "off"],
    [
      "rotation",
      rotate && rotateProbability
        ? `±${rotate}° at ${Math.round(rotateProbability * 100)} % of steps`
        : "off",
    ],
    ["batch", String(settings.batch)],
    ["precision", settings.precision],
  ];
}

/** The texts that occur, each once: networks, licences, backends of a gallery. */
export function distinct(
  runs: readonly RunRecord[],
  of: (run: RunRecord) => string,
): string[] {
  return [...new Set(runs.map(of))].filter((text) => text !== "");
}

function minus(number: string): string {
  return number.replace("-", "−");
}

/** What the contact sheet and the page call things. */
import { preprocessingLine } from "../../../shared/pixel-units";
import type {
  Contrast,
  GalleryRequest,
  RunRecord,
} from "../../../shared/domain";
import { unitWords } from "../../../shared/head";
import type { SeedSummary } from "../../../shared/scores";
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

/** "29.5 ± 1.8": mean and standard deviation over a run's last steps; the last score alone where it has too few. */
export function formatRunScore({ score, tail }: RunRecord): string {
  return tail ? formatSpread(tail.mean, tail.std) : formatScore(score);
}

/** A value and its standard deviation, with as many decimals as the value. */
export function formatSpread(value: number, std: number | null): string {
  const text = formatScore(value);
  if (std === null) return text;
  if (text.includes("e")) return `${text} ± ${formatScore(std)}`;
  const decimals = text.split(".")[1]?.length ?? 0;
  return `${text} ± ${std.toFixed(decimals)}`;
}

/**
 * The difference to the first column, with its uncertainty where there is one: in percent of its score where that is
 * positive, else in logits. Empty where the first column has no run in this row.
 */
export function formatDifference({
  run,
  baseline,
  difference,
}: ExportTile): string {
  if (!baseline || !difference) return "";
  if (run.tile.column === baseline.tile.column) return "baseline";
  const { value, base, std } = difference;
  if (base <= 0) return (value > 0 ? "+" : "") + formatSpread(value, std);
  const percent = Math.round((value / base) * 100);
  const spread = std === null ? "" : ` ± ${Math.round((std / base) * 100)}`;
  return `${percent > 0 ? "+" : ""}${minus(String(percent))}${spread} %`;
}

/** Whether the difference is within the uncertainty, so that none can be claimed. */
export function isUnclear({ run, difference }: ExportTile): boolean {
  return run.tile.column > 0 && difference?.unclear === true;
}

/** "best of 5 seeds, 27.1 ± 2.0" and "won 4 of 5"; nothing of a single seed. */
export function seedFacts(seeds: SeedSummary | null): string[] {
  if (!seeds || seeds.runs < 2) return [];
  const spread = formatSpread(seeds.mean, seeds.std);
  return [
    `best of ${seeds.runs} seeds, ${spread}`,
    ...(seeds.won === null ? [] : [`won ${seeds.won} of ${seeds.of}`]),
  ];
}

/** What the network makes of a picture, in a few words. */
export interface Verdict {
  readonly text: string;
  /** `hit`: the target is its first choice, `miss`: another class is; `plain`: its head has no first choice. */
  readonly kind: "hit" | "miss" | "plain";
}

/** Top-1, or the class that was preferred; a probability where there is no first choice; null where there is neither. */
export function verdictOf(run: RunRecord): Verdict | null {
  const { top1, probability, top5 } = run;
  if (top1 === true) return { text: "top-1", kind: "hit" };
  if (top1 === false)
    return { text: top5[0]?.label ?? "not top-1", kind: "miss" };
  return probability === null
    ? null
    : { text: `probability ${formatPercent(probability)}`, kind: "plain" };
}

export function formatPercent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** What the rows of some runs are called: "class", "classes". */
export function unitsOf(
  runs: readonly RunRecord[],
): readonly [one: string, many: string] {
  const heads = new Set(runs.map(({ head }) => head));
  const [head] = heads;
  return heads.size === 1 && head ? unitWords(head) : ["output", "outputs"];
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
  { settings, seeds }: Pick<GalleryRequest, "settings" | "seeds">,
  runs: readonly RunRecord[],
): readonly (readonly [name: string, value: string])[] {
  const batches = [...new Set(runs.map(({ batch }) => batch))];
  const { blur, rotate, rotateProbability } = settings.regularization;
  return [
    ["steps", String(settings.steps)],
    ["step size", String(settings.stepSize)],
    seeds > 1
      ? ["seeds", `${settings.seed}–${settings.seed + seeds - 1}`]
      : ["seed", String(settings.seed)],
    ["start noise", String(settings.startNoise)],
    ["blur", blur ? `σ ${blur} px` : "off"],
    [
      "rotation",
      rotate && rotateProbability
        ? `±${rotate}° at ${Math.round(rotateProbability * 100)} % of steps`
        : "off",
    ],
    ["batch", batches.toSorted((a, b) => b - a).join(" and ")],
    ["precision", settings.precision],
    ...networkFacts(runs),
  ];
}

/** How the networks were fed, and what was assumed of them; records of long ago do not say. */
function networkFacts(
  runs: readonly RunRecord[],
): readonly (readonly [name: string, value: string])[] {
  const fed = distinct(runs, preprocessingOf);
  const assumed = distinct(runs, assumptionsOf);
  return [
    ...(fed.length > 0 ? [["preprocessing", fed.join(" or ")] as const] : []),
    ...(assumed.length > 0
      ? [["built with", assumed.join(" or ")] as const]
      : []),
  ];
}

/** "" where the record does not say. */
export function preprocessingOf({ network, shape }: RunRecord): string {
  return network.preprocessing === undefined
    ? ""
    : preprocessingLine(network.preprocessing, shape[2]);
}

/** "activation=leaky:0.1, stem-stride=1"; "" where nothing was assumed. */
export function assumptionsOf({ network }: RunRecord): string {
  return Object.entries(network.assumptions ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(", ");
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

/** What the numbers are, in two sentences. */
export const scoreRule =
  "Score: the target's activation in the original network, mean ± standard deviation over the last tenth of the steps. Differences to the first column are of these means; grey where ± includes zero.";

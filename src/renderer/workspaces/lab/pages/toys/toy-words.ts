/** What the toys' page says of settings and results. */
import type {
  LabRow,
  LabSettings,
  LabSummary,
} from "../../../../../shared/lab";
import type { SlopePair, ToyName } from "../../../../../shared/lab/toy";
import { titleMethod } from "../../../../../shared/method";
import { formatNumber, formatShare } from "../../../../lib/format";
import { formatFigures } from "../../../../lib/table";

type Row = LabRow<"toy">;

export const toyTitles: readonly { value: ToyName; title: string }[] = [
  { value: "T1", title: "T1 Sparse gradient" },
  { value: "T2", title: "T2 Race" },
  { value: "T3", title: "T3 Two weights" },
  { value: "T4", title: "T4 Convolution" },
];

export const toyFormulas: Readonly<Record<ToyName, string>> = {
  T1: "f = Σ y(x). With forward slope 0, pixels at or below 0 give nothing, and without a backward slope they get no gradient either.",
  T2: "f = Σ y(x) with a forward slope. Light pixels gain a whole step, dark ones only the slope’s part of it: the light ones win the race.",
  T3: "f = Σ y(x) + y(−λ x). Two weights pull at each pixel; while λ < 1 white is best, but black is a local maximum.",
  T4: "f = Σ y(k ∗ x), one filter over the whole image, circular at the edges.",
};

/** The name of the method a pair of slopes is on a ReLU network. */
export function titleSlopes({ forward, backward }: SlopePair): string {
  if (forward === backward)
    return titleMethod(
      forward === 0 ? { kind: "relu" } : { kind: "leaky", slope: forward },
    );
  return titleMethod(
    forward === 0
      ? { kind: "proxygrad", slope: backward }
      : { kind: "slopes", forward, backward },
  );
}

export function againstThreshold({ backward, threshold }: Row): string {
  if (backward === threshold) return "at p*";
  return backward > threshold ? "above p*" : "below p*";
}

/** How a run has ended, in a few words. */
export function verdict({ white, stuck }: Row): string {
  if (white === 1) return "all white";
  const share = `${formatShare(white)} white`;
  return stuck > 0 ? `stuck at ${share}` : `${share}, rising`;
}

export function thresholdText({
  threshold,
  positive,
  negative,
}: LabSummary<"toy">): string {
  if (negative === 0)
    return "No weight is negative, so p* = 0: any backward slope above 0 will do.";
  return `p* = N / P = ${formatNumber(negative)} / ${formatNumber(positive)} = ${formatFigures(threshold)}.`;
}

/** Whether white is the best image for the smallest forward slope there is, and why. */
export function optimumText(
  settings: LabSettings<"toy">,
  { peak, positive, negative }: LabSummary<"toy">,
): string {
  if (settings.toy === "T3")
    return settings.lambda <= 1
      ? "Each pixel alone is best at white as long as λ ≤ 1, so no image is better: proven."
      : "With λ > 1 each pixel alone is best at black: here white is not what f looks for.";
  if (peak === null)
    return "Each pixel alone is best at white, so no image is better: proven.";
  const slope = Math.min(
    settings.sweep.length > 0 ? settings.sweepForward : 1,
    ...settings.runs.map(({ forward }) => forward),
  );
  const at = `at forward slope ${formatNumber(slope)}`;
  if (slope === 1)
    return "At forward slope 1 f is linear, so white is best: proven.";
  const bound = (2 * (positive - negative) ** 2) / (1 - slope);
  return peak ** 2 <= bound * (1 + 1e-12)
    ? `max |k̂|² = ${formatNumber(peak ** 2)} is no more than 2 S² / (1 − s) = ${formatNumber(bound)} ${at}, so no image is better than white: proven.`
    : `max |k̂|² = ${formatNumber(peak ** 2)} is more than 2 S² / (1 − s) = ${formatNumber(bound)} ${at}: white may not be the best image, and f can pass it. Where all gets white above p*, that is proven all the same.`;
}

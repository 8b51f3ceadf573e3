import type { Score, ScoreDifference } from "../../shared/scores";

/** Numbers as the window writes them; every width is steady because figures are tabular. */

/** A score: four significant figures as long as they help, never more than one decimal from 100 on. */
export function formatScore(score: number | null): string {
  if (score === null || !Number.isFinite(score)) return "–";
  const size = Math.abs(score);
  const digits = size >= 10_000 ? 0 : size >= 10 ? 1 : 2;
  return minus(score.toFixed(digits));
}

/** "29.5 ± 1.8": a score and its standard deviation, of as many decimals; the score alone where it has none. */
export function formatSpread(
  score: Pick<Score, "value" | "std"> | null,
): string {
  if (!score) return "–";
  const text = formatScore(score.value);
  return score.std === null ? text : `${text} ${plusMinus(text, score.std)}`;
}

/** "± 1.8", with as many decimals as the number it belongs to. */
function plusMinus(text: string, std: number): string {
  return `± ${std.toFixed(text.split(".")[1]?.length ?? 0)}`;
}

/**
 * A difference of runs with its uncertainty: in per cent of the base where that is positive ("+51 ± 6 %"), else in
 * units of the score ("+8.0 ± 1.2").
 */
export function formatScoreDifference(
  difference: ScoreDifference | null,
): string {
  if (!difference) return "–";
  const { score, base, value, std } = difference;
  const text = formatDifference(score, base);
  if (std === null) return text;
  const share = / %$/.exec(text);
  if (!share) return `${text} ${plusMinus(formatScore(value), std)}`;
  // too large to be told, or no number
  if (/[<>]/.test(text)) return text;
  const spread = (std / base) * 100;
  // digits below the uncertainty say nothing
  const size =
    spread < 9.95
      ? text.slice(0, -share[0].length)
      : signed((value / base) * 100, 0);
  return `${size} ${plusMinus(size, spread)} %`;
}

/**
 * How much larger `score` is than `base`: in per cent of base where that is positive ("+51 %"),
 * else in units of the score ("+8.0"), since a share of nothing or less means nothing.
 */
export function formatDifference(
  score: number | null,
  base: number | null,
): string {
  if (score === null || base === null) return "–";
  const more = score - base;
  if (!Number.isFinite(more)) return "–";
  const percent = (more / base) * 100;
  if (base <= 0 || !Number.isFinite(percent)) return plus(formatScore(more));
  const size = Math.abs(percent);
  if (size >= 10_000) return percent > 0 ? "> 9999 %" : "< −9999 %";
  return `${signed(percent, size < 9.95 ? 1 : 0)} %`;
}

/** A share in 0..1 as per cent with one decimal; never rounds up to 100 or down to 0. */
export function formatShare(share: number): string {
  if (share > 0 && share < 0.0005) return "< 0.1 %";
  if (share < 1 && share >= 0.9995) return "> 99.9 %";
  return `${(share * 100).toFixed(1)} %`;
}

/** Seconds to read on a clock: 0:07, 12:34, 1:02:03. */
export function formatClock(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const s = String(seconds % 60).padStart(2, "0");
  const m = Math.floor(seconds / 60) % 60;
  const h = Math.floor(seconds / 3600);
  return h > 0 ? `${h}:${String(m).padStart(2, "0")}:${s}` : `${m}:${s}`;
}

export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = -1;
  do {
    value /= 1000;
    unit++;
  } while (value >= 999.5 && unit < units.length - 1);
  return `${value.toFixed(value < 9.95 ? 1 : 0)} ${units[unit] ?? ""}`;
}

/** 11.2 M, 4.5 k, 120. */
export function formatCount(count: number): string {
  if (count < 10_000) return String(count);
  if (count < 999_500) return `${(count / 1e3).toFixed(0)} k`;
  if (count < 999_500_000) return `${(count / 1e6).toFixed(1)} M`;
  return `${(count / 1e9).toFixed(1)} G`;
}

/** "1,000": whole numbers with thousands apart. */
export function formatWhole(count: number): string {
  return count.toLocaleString("en-US");
}

/** Image-steps a second. */
export function formatRate(rate: number | null): string {
  if (rate === null) return "–";
  return rate < 10 ? rate.toFixed(1) : rate.toFixed(0);
}

/** A number a user typed or will edit: no trailing zeros, no exponent where it can be helped. */
export function formatNumber(value: number): string {
  // Whole numbers, such as seeds, are exact.
  return String(
    Number.isSafeInteger(value) ? value : Number(value.toPrecision(6)),
  );
}

/** Three significant figures, for norms and deviations. */
export function formatSmall(value: number): string {
  if (value === 0) return "0";
  if (value >= 1e-3 && value < 1e4)
    return minus(String(Number(value.toPrecision(3))));
  return minus(value.toExponential(1));
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** With its sign; what rounds to nothing has none. */
function signed(value: number, decimals: number): string {
  const text = value.toFixed(decimals);
  return Number(text) === 0 ? "0" : plus(minus(text));
}

/** A plus in front of what is above 0 as it is written. */
function plus(text: string): string {
  return Number(text) > 0 ? `+${text}` : text;
}

/** A true minus sign, as wide as a plus. */
function minus(text: string): string {
  // what rounds to nothing has no sign
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}

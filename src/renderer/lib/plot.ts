/** Scales and ticks of plots. */

export interface Scale {
  readonly log: boolean;
  readonly low: number;
  readonly high: number;
  /** Rising, inside the scale. */
  readonly ticks: readonly number[];
}

export interface ScaleOptions {
  /** About how many ticks. */
  readonly count?: number;
  /** The scale ends at ticks; without it, at the values. */
  readonly nice?: boolean;
  /** 0 is on the scale. */
  readonly from0?: boolean;
}

/** A linear scale over all finite values; 0 to 1 where there are none. */
export function linearScale(
  values: Iterable<number>,
  { count = 5, nice = false, from0 = false }: ScaleOptions = {},
): Scale {
  let [low, high] = extent(values, Number.isFinite);
  if (low > high) [low, high] = [0, 1];
  if (from0) [low, high] = [Math.min(low, 0), Math.max(high, 0)];
  if (high === low) {
    const room = low === 0 ? 1 : Math.abs(low) / 2;
    [low, high] = from0 && low === 0 ? [0, 1] : [low - room, high + room];
  }
  const step = niceStep((high - low) / count);
  // Whole multiples of the step. A value a hair beyond a tick does not open another step.
  const slack = nice ? 0.04 : 1e-9;
  const first = nice
    ? Math.floor(low / step + slack)
    : Math.ceil(low / step - slack);
  const last = nice
    ? Math.ceil(high / step - slack)
    : Math.floor(high / step + slack);
  const ticks: number[] = [];
  for (let k = first; k <= last; k++)
    ticks.push(Number((k * step).toPrecision(12)));
  return {
    log: false,
    low: nice ? (ticks[0] ?? low) : low,
    high: nice ? (ticks.at(-1) ?? high) : high,
    ticks,
  };
}

/** A logarithmic scale over all positive values; 0.1 to 1 where there are none. Ticks at powers of ten, and at 2 and 5 where those are few. */
export function logScale(
  values: Iterable<number>,
  { nice = false }: Pick<ScaleOptions, "nice"> = {},
): Scale {
  let [low, high] = extent(values, (v) => v > 0 && Number.isFinite(v));
  if (low > high) [low, high] = [0.1, 1];
  if (high === low) [low, high] = [low / 2, high * 2];
  const between = (l: number, h: number, factors: readonly number[]) => {
    const ticks: number[] = [];
    for (
      let power = Math.floor(Math.log10(l) - 1e-9);
      power <= Math.ceil(Math.log10(h));
      power++
    )
      for (const factor of factors) ticks.push(Number(`${factor}e${power}`));
    return ticks;
  };
  const factors = high / low < 1000 ? [1, 2, 5] : [1];
  const all = between(low, high, factors);
  if (nice) {
    low = all.filter((tick) => tick <= low * (1 + 1e-9)).at(-1) ?? low;
    high = all.find((tick) => tick >= high * (1 - 1e-9)) ?? high;
  }
  return {
    log: true,
    low,
    high,
    ticks: all.filter(
      (tick) => tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9),
    ),
  };
}

/** Place of a value on the scale: 0 at its low end, 1 at its high end. NaN for what a logarithmic scale has no place for. */
export function placeOn(scale: Scale, value: number): number {
  const { low, high, log } = scale;
  if (!log) return (value - low) / (high - low);
  return value > 0 ? Math.log(value / low) / Math.log(high / low) : NaN;
}

/** The ticks' texts: as many decimals as their distance needs, a true minus, an exponent for the very large and small. */
export function tickTexts({ ticks, log }: Scale): string[] {
  const largest = Math.max(...ticks.map(Math.abs), 0);
  const steps = ticks.slice(1).map((tick, i) => tick - (ticks[i] ?? 0));
  const step = Math.min(...steps, largest || 1);
  const decimals = decimalsOf(step);
  return ticks.map((tick) => {
    const text =
      tick === 0
        ? "0"
        : largest >= 1e6 || largest < 1e-3 || (log && tick < 1e-3)
          ? exponent(tick)
          : log
            ? String(tick)
            : tick.toFixed(decimals);
    return text.replace(/-/g, "−");
  });
}

/** The smallest of 1, 2, 2.5 and 5 times a power of ten that is not below. */
export function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const share = rough / power;
  const factor = [1, 2, 2.5, 5, 10].find((f) => f >= share - 1e-9) ?? 10;
  return Number((factor * power).toPrecision(12));
}

function extent(
  values: Iterable<number>,
  counts: (value: number) => boolean,
): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!counts(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return [low, high];
}

/** Decimals that a number needs, at most 8. */
function decimalsOf(step: number): number {
  for (let decimals = 0; decimals < 8; decimals++)
    if (Math.abs(step - Number(step.toFixed(decimals))) < step * 1e-6)
      return decimals;
  return 8;
}

/** "2e-5" -> "2e-5"; no zeros that say nothing. */
function exponent(value: number): string {
  return value.toExponential().replace("e+", "e");
}

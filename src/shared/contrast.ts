/**
 * Contrast rules: which values of a picture become black and white on the screen and in exports.
 * The window and the exports share this file, so that a tile looks the same in both.
 */
import type { Contrast } from "./domain";
import { pictureScale, type Picture } from "./pictures";

/** Values of x that become 0 and 255; what lies outside is clipped. `low <= high`. */
export interface ContrastRange {
  readonly low: number;
  readonly high: number;
}

/**
 * The range a rule gives a picture, in units of x in [-1, 1], over all values and channels together:
 * one range for all channels keeps the hue.
 *
 * | rule | low | high |
 * |---|---|---|
 * | raw | -1 | 1 |
 * | sigma | mean - 3 standard deviations, at least -1 | mean + 3 standard deviations, at most 1 |
 * | percentile | 1st percentile | 99th percentile |
 *
 * A picture has no values outside [-1, 1]. Where three standard deviations reach beyond, a range that did too would
 * leave levels unused, and a saturated picture would look flatter than it is.
 * The standard deviation is the population's; percentiles interpolate linearly between order statistics.
 */
export function contrastRange(picture: Picture, rule: Contrast): ContrastRange {
  switch (rule) {
    case "raw":
      return { low: -1, high: 1 };
    case "sigma": {
      const { mean, std } = moments(picture.values);
      return {
        low: Math.max(-1, (mean - 3 * std) / pictureScale),
        high: Math.min(1, (mean + 3 * std) / pictureScale),
      };
    }
    case "percentile": {
      const [low, high] = percentiles(picture.values, [0.01, 0.99]);
      return {
        low: (low ?? 0) / pictureScale,
        high: (high ?? 0) / pictureScale,
      };
    }
  }
}

/** Paints a picture under a rule; see {@link applyRange}. */
export function applyContrast(
  picture: Picture,
  rule: Contrast,
  out: Uint8ClampedArray,
): void {
  applyRange(picture, contrastRange(picture, rule), out);
}

/**
 * Paints a picture as opaque RGBA, `out` holding height * width * 4 bytes. One channel is grey, of three
 * and more the first three are red, green and blue, of two the first is grey.
 * Where the range has no width (a constant picture), its one value becomes middle grey.
 */
export function applyRange(
  picture: Picture,
  range: ContrastRange,
  out: Uint8ClampedArray,
): void {
  const [height, width, channels] = picture.shape;
  const pixels = height * width;
  const { values } = picture;
  if (values.length !== pixels * channels || out.length !== pixels * 4)
    throw new RangeError(
      `A ${height} x ${width} x ${channels} picture cannot be painted from ${values.length} values into ${out.length} bytes.`,
    );
  const low = range.low * pictureScale;
  const scale = 255 / (range.high * pictureScale - low);
  if (!Number.isFinite(scale)) {
    paint(values, pixels, channels, out, (v) =>
      v < low ? 0 : v > low ? 255 : 127.5,
    );
    return;
  }
  // The loops are written out: a call for every value would cost more than the arithmetic.
  if (channels === 3) {
    for (let i = 0, j = 0; j < out.length; i += 3, j += 4) {
      out[j] = ((values[i] ?? 0) - low) * scale;
      out[j + 1] = ((values[i + 1] ?? 0) - low) * scale;
      out[j + 2] = ((values[i + 2] ?? 0) - low) * scale;
      out[j + 3] = 255;
    }
    return;
  }
  paint(values, pixels, channels, out, (v) => (v - low) * scale);
}

/** Standard deviation of a picture over all values, in units of x in [-1, 1]. */
export function imageStd(picture: Picture): number {
  return moments(picture.values).std / pictureScale;
}

function paint(
  values: Int16Array,
  pixels: number,
  channels: number,
  out: Uint8ClampedArray,
  level: (value: number) => number,
): void {
  const [green, blue] = channels >= 3 ? [1, 2] : [0, 0];
  for (let p = 0; p < pixels; p++) {
    const i = p * channels;
    const j = p * 4;
    out[j] = level(values[i] ?? 0);
    out[j + 1] = level(values[i + green] ?? 0);
    out[j + 2] = level(values[i + blue] ?? 0);
    out[j + 3] = 255;
  }
}

/** Mean and population standard deviation in int16 units. */
function moments(values: Int16Array): { mean: number; std: number } {
  const count = values.length;
  if (count === 0) return { mean: 0, std: 0 };
  // Sums of whole numbers below 2^53 are exact; counted from the first value, a constant picture gives exactly 0.
  const origin = values[0] ?? 0;
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < count; i++) {
    const d = (values[i] ?? 0) - origin;
    sum += d;
    squares += d * d;
  }
  const mean = sum / count;
  const variance = Math.max(0, squares / count - mean * mean);
  return { mean: origin + mean, std: Math.sqrt(variance) };
}

/** Percentiles in int16 units, exact: one bin for every value an int16 can have. `at` ascends, in 0..1. */
function percentiles(values: Int16Array, at: readonly number[]): number[] {
  const count = values.length;
  if (count === 0) return at.map(() => 0);
  const bins = new Uint32Array(65536);
  let least = 32767;
  for (let i = 0; i < count; i++) {
    const v = values[i] ?? 0;
    if (v < least) least = v;
    const bin = v + 32768;
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  let bin = least + 32768;
  let through = bins[bin] ?? 0;
  /** The value of a rank counted from 0; ranks must ascend from call to call. */
  const ranked = (rank: number): number => {
    while (through <= rank) through += bins[++bin] ?? 0;
    return bin - 32768;
  };
  return at.map((q) => {
    const place = q * (count - 1);
    const rank = Math.floor(place);
    const below = ranked(rank);
    return place === rank
      ? below
      : below + (place - rank) * (ranked(rank + 1) - below);
  });
}

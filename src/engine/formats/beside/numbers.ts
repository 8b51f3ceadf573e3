/** Numbers of small files beside a network. */
import { limits } from "../../../shared/domain";
import type { Preprocessing } from "../../../shared/domain";
import { isCount, isObject } from "../json";
import type { BesidePreprocessing } from "./said";

const mostPixels = 8192;
const mostChannels = 64;

/** [height, width] of a number, [height, width], [channel, height, width], or { height, width }; null for anything else. */
export function sizeOf(value: unknown): readonly [number, number] | null {
  if (isObject(value)) {
    const { height, width, shortest_edge: edge } = value;
    return sizeOf(height === undefined ? edge : [height, width]);
  }
  const list: unknown[] = Array.isArray(value) ? value : [value, value];
  const [height, width] = list.length === 3 ? list.slice(1) : list;
  if (list.length !== 2 && list.length !== 3) return null;
  return isSide(height) && isSide(width) ? [height, width] : null;
}

function isSide(value: unknown): value is number {
  return isCount(value) && value >= 1 && value <= mostPixels;
}

/** One number or one a channel; null for anything else. */
export function valuesOf(value: unknown): readonly number[] | null {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.length > 0 && list.length <= mostChannels && list.every(isNumber)
    ? list
    : null;
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

/** A short text; null for anything else. */
export function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== ""
    ? value.slice(0, limits.text)
    : null;
}

/** What becomes of a pixel p in 0..255: scale p + offset, one value or one a channel. */
export interface Scaling {
  readonly scale: readonly number[];
  readonly offset: readonly number[];
}

/** (value - mean) / std after what came before. */
export function normalised(
  { scale, offset }: Scaling,
  mean: readonly number[],
  std: readonly number[],
): Scaling {
  const length = Math.max(scale.length, mean.length, std.length);
  const each = (value: (i: number) => number) =>
    Array.from({ length }, (_, i) => value(i));
  const at = (values: readonly number[], i: number) =>
    values[values.length === 1 ? 0 : i] ?? NaN;
  return {
    scale: each((i) => at(scale, i) / at(std, i)),
    offset: each((i) => (at(offset, i) - at(mean, i)) / at(std, i)),
  };
}

/** In the app's terms, (p - mean) / std; null where a number is beyond all use. */
export function preprocessingFrom(
  { scale, offset }: Scaling,
  order: Preprocessing["order"],
): Preprocessing | null {
  const std = scale.map((s) => rounded(1 / s));
  const mean = offset.map((o, i) => rounded(-o / (scale[i] ?? NaN)));
  const usable = [...std, ...mean].every(
    (value) => Number.isFinite(value) && Math.abs(value) < 1e6,
  );
  return usable && std.every((s) => s > 0) ? { order, mean, std } : null;
}

/** Without the noise of the last digits, and without a negative zero. */
function rounded(value: number): number {
  return Number(value.toPrecision(12)) + 0;
}

/** For one value for all channels, or as many as there are; three equal ones are one. */
export function forChannels({
  order,
  mean,
  std,
}: Preprocessing): BesidePreprocessing["forChannels"] {
  return (channels) => {
    if (mean.length === channels) return { order, mean, std };
    const [m = NaN] = mean;
    const [s = NaN] = std;
    const alike = mean.every((v) => v === m) && std.every((v) => v === s);
    const length = channels <= mostChannels ? channels : 1;
    return alike
      ? {
          order,
          mean: new Array<number>(length).fill(m),
          std: new Array<number>(length).fill(s),
        }
      : null;
  };
}

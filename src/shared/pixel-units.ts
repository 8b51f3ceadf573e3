/**
 * Mean and std of pixels are written in two units: for pixels in 0..1 (torchvision, timm, Hugging Face: mean 0.485) and
 * for pixels in 0..255 (Keras, Caffe: mean 103.939). Proxima keeps 0..255; what people type has its unit.
 */
import type { Preprocessing } from "./domain";

export const pixelUnits = ["0..1", "0..255"] as const;
export type PixelUnit = (typeof pixelUnits)[number];

type Numbers = Pick<Preprocessing, "mean" | "std">;

const scales: Readonly<Record<PixelUnit, number>> = {
  "0..1": 255,
  "0..255": 1,
};

/** Numbers for pixels in 0..255 as they are written for pixels in `unit`. */
export function inUnit({ mean, std }: Numbers, unit: PixelUnit): Numbers {
  const scale = scales[unit];
  // 123.675 / 255 is 0.48500000000000004 with all its digits
  const short = (value: number) => Number((value / scale).toPrecision(12));
  return { mean: mean.map(short), std: std.map(short) };
}

/** Numbers written for pixels in `unit` as numbers for pixels in 0..255. */
export function fromUnit({ mean, std }: Numbers, unit: PixelUnit): Numbers {
  const scale = scales[unit];
  const full = (value: number) => Number((value * scale).toPrecision(12));
  return { mean: mean.map(full), std: std.map(full) };
}

/**
 * The other unit where numbers written in `unit` almost surely mean it; null where they do not. Mean 0 and std 1 stand
 * for pixels as they are in either unit.
 */
export function suspectedUnit(
  { mean, std }: Numbers,
  unit: PixelUnit,
): PixelUnit | null {
  const plain = mean.every((v) => v === 0) && std.every((v) => v === 1);
  if (plain) return null;
  if (unit === "0..255")
    return mean.every((v) => Math.abs(v) <= 1) &&
      std.every((v) => Math.abs(v) <= 1)
      ? "0..1"
      : null;
  return mean.some((v) => Math.abs(v) > 2) || std.some((v) => Math.abs(v) > 2)
    ? "0..255"
    : null;
}

/** One line for people: "RGB, mean 0.485 / 0.456 / 0.406, std 0.229 / 0.224 / 0.225 (pixels in 0..1)". */
export function preprocessingLine(
  preprocessing: Preprocessing | null,
  channels: number,
): string {
  const { order, ...numbers } = preprocessing ?? {
    order: "RGB" as const,
    mean: [127.5],
    std: [127.5],
  };
  // what leaves pixels in 0..255 reads best there
  const unit = numbers.std.every((v) => v === 1) ? "0..255" : "0..1";
  const { mean, std } = inUnit(numbers, unit);
  const list = (values: readonly number[]) =>
    values.map((v) => String(Number(v.toPrecision(4)))).join(" / ");
  return `${channels === 3 ? `${order}, ` : ""}mean ${list(mean)}, std ${list(std)} (pixels in ${unit})`;
}

/** What a contrast rule makes of an image, written the plain way. */
import type { Contrast } from "../../../../src/shared/domain";

/** Levels 0..255, not rounded, of every value. */
export function levels(image: Float32Array, rule: Contrast): number[] {
  const [low, high] = range(image, rule);
  return Array.from(image, (x) =>
    Math.min(255, Math.max(0, ((x - low) / (high - low)) * 255)),
  );
}

function range(image: Float32Array, rule: Contrast): [number, number] {
  if (rule === "raw") return [-1, 1];
  if (rule === "sigma") {
    const mean = image.reduce((a, b) => a + b, 0) / image.length;
    const variance =
      image.reduce((a, b) => a + (b - mean) ** 2, 0) / image.length;
    const reach = 3 * Math.sqrt(variance);
    return [Math.max(-1, mean - reach), Math.min(1, mean + reach)];
  }
  const sorted = [...image].sort((a, b) => a - b);
  const at = (q: number) => {
    const place = q * (sorted.length - 1);
    const low = sorted[Math.floor(place)] ?? NaN;
    const high = sorted[Math.ceil(place)] ?? NaN;
    return low + (high - low) * (place - Math.floor(place));
  };
  return [at(0.01), at(0.99)];
}

/** The largest distance of pixels from levels; below 0.6 where every pixel is the nearest level. */
export function distance(
  pixels: ArrayLike<number>,
  expected: readonly number[],
): number {
  if (pixels.length !== expected.length) return Infinity;
  return expected.reduce(
    (most, level, i) => Math.max(most, Math.abs((pixels[i] ?? NaN) - level)),
    0,
  );
}

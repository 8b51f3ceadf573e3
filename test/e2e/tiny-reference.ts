/** What the tiny network of test/support sees in a small picture, computed here without any of the app's code. */
import { writeFile } from "node:fs/promises";
import sharp from "sharp";

const filters = 8;
const classes = 4;

/** A small picture, [height, width, 3], with values 0..255. */
export interface Pixels {
  readonly height: number;
  readonly width: number;
  readonly values: Uint8Array;
}

/** Mostly blue at the top, mostly red below: the order of the colours matters. */
export function testPixels(height: number, width: number): Pixels {
  const values = new Uint8Array(height * width * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 3;
      values[at] = Math.round((220 * y) / height);
      values[at + 1] = (37 * x + 11 * y) % 90;
      values[at + 2] = Math.round(230 - (200 * y) / height);
    }
  return { height, width, values };
}

export async function writePng(path: string, pixels: Pixels): Promise<void> {
  const { height, width, values } = pixels;
  const raw = { height, width, channels: 3 } as const;
  await writeFile(path, await sharp(values, { raw }).png().toBuffer());
}

/** [value of a pixel 0..255, channel in the order red, green, blue] -> what goes into the network. */
export type Prepare = (p: number, channel: number) => number;

/** Probabilities of the four classes, best first. `order` are the channels as the network gets them. */
export function tinyTop(
  { height, width, values }: Pixels,
  prepare: Prepare,
  order: readonly [number, number, number] = [0, 1, 2],
): { index: number; probability: number }[] {
  const weights = tinyWeights();
  const pooled = new Float64Array(filters);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let f = 0; f < filters; f++) {
        let sum = 0;
        for (let i = 0; i < 3; i++)
          for (let j = 0; j < 3; j++) {
            const [row, column] = [y + i - 1, x + j - 1];
            if (row < 0 || row >= height || column < 0 || column >= width)
              continue;
            for (const [c, channel] of order.entries()) {
              const p = values[(row * width + column) * 3 + channel] ?? NaN;
              const k = weights.kernel[((i * 3 + j) * 3 + c) * filters + f];
              sum += prepare(p, channel) * (k ?? NaN);
            }
          }
        pooled[f] = (pooled[f] ?? 0) + Math.max(0, sum) / (height * width);
      }
  const logits = Array.from({ length: classes }, (_, k) => {
    let sum = weights.bias[k] ?? NaN;
    for (const [f, value] of pooled.entries())
      sum += value * (weights.dense[f * classes + k] ?? NaN);
    return sum;
  });
  const most = Math.max(...logits);
  const all = logits.map((logit) => Math.exp(logit - most));
  const total = all.reduce((a, b) => a + b, 0);
  return all
    .map((e, index) => ({ index, probability: e / total }))
    .toSorted((a, b) => b.probability - a.probability);
}

/** The pattern that test/support/tiny-network.ts writes, as float32. */
function tinyWeights() {
  const drawn = (name: string, count: number) =>
    Float32Array.from(
      { length: count },
      (_, i) => Math.sin(i * 12.9898 + name.length) / 2,
    );
  return {
    kernel: drawn("conv/kernel", 3 * 3 * 3 * filters),
    dense: drawn("logits/kernel", filters * classes),
    bias: drawn("logits/bias", classes),
  };
}

/** As the window writes a probability. */
export function asShare(probability: number): string {
  if (probability > 0 && probability < 0.0005) return "< 0.1 %";
  if (probability < 1 && probability >= 0.9995) return "> 99.9 %";
  return `${(probability * 100).toFixed(1)} %`;
}

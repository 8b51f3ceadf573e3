import { describe, expect, test } from "vitest";
import {
  applyContrast,
  applyRange,
  contrastRange,
  imageStd,
} from "../../src/shared/contrast";
import type { Contrast } from "../../src/shared/domain";
import {
  pictureScale,
  toPicture,
  type Picture,
} from "../../src/shared/pictures";

const rules: Contrast[] = ["raw", "sigma", "percentile"];

/** A small generator with a seed, so that a failure can be seen again (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function noise(
  shape: Picture["shape"],
  seed: number,
  centre: number,
  spread: number,
): Picture {
  const next = random(seed);
  const gauss = () =>
    Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const length = shape[0] * shape[1] * shape[2];
  return toPicture(
    shape,
    Float32Array.from({ length }, () => centre + spread * gauss()),
  );
}

/** The rules written the plain way, in float64, on x. */
function reference(picture: Picture, rule: Contrast): [number, number] {
  const x = Array.from(picture.values, (v) => v / pictureScale);
  if (rule === "raw") return [-1, 1];
  if (rule === "sigma") {
    const mean = x.reduce((a, b) => a + b, 0) / x.length;
    const std = Math.sqrt(
      x.reduce((a, b) => a + (b - mean) ** 2, 0) / x.length,
    );
    return [Math.max(-1, mean - 3 * std), Math.min(1, mean + 3 * std)];
  }
  const sorted = x.sort((a, b) => a - b);
  const at = (q: number) => {
    const place = q * (sorted.length - 1);
    const low = sorted[Math.floor(place)] ?? NaN;
    const high = sorted[Math.ceil(place)] ?? NaN;
    return low + (high - low) * (place - Math.floor(place));
  };
  return [at(0.01), at(0.99)];
}

function paint(picture: Picture, rule: Contrast): Uint8ClampedArray {
  const out = new Uint8ClampedArray(picture.shape[0] * picture.shape[1] * 4);
  applyContrast(picture, rule, out);
  return out;
}

describe.each(rules)("contrast rule %s", (rule) => {
  test.each([
    ["a dim picture", noise([31, 17, 3], 1, 0.02, 0.05)],
    ["a picture that saturates", noise([31, 17, 3], 2, 0.4, 0.9)],
    ["a picture near the end of the range", noise([40, 40, 3], 3, 0.99, 1e-4)],
    ["one channel", noise([9, 8, 1], 4, 0, 0.3)],
    ["five channels", noise([6, 7, 5], 5, -0.1, 0.2)],
  ])("has the range of the plain reference: %s", (_, picture) => {
    const range = contrastRange(picture, rule);
    const [low, high] = reference(picture, rule);
    expect(range.low).toBeCloseTo(low, 12);
    expect(range.high).toBeCloseTo(high, 12);
  });

  test("paints every value to the nearest level of the range", () => {
    const picture = noise([31, 17, 3], 6, 0.02, 0.3);
    const [low, high] = reference(picture, rule);
    const out = paint(picture, rule);
    for (let p = 0; p < 31 * 17; p++) {
      for (let c = 0; c < 3; c++) {
        const x = (picture.values[p * 3 + c] ?? NaN) / pictureScale;
        const level = Math.min(
          255,
          Math.max(0, ((x - low) / (high - low)) * 255),
        );
        expect(Math.abs((out[p * 4 + c] ?? NaN) - level)).toBeLessThan(
          0.5 + 1e-6,
        );
      }
      expect(out[p * 4 + 3]).toBe(255);
    }
  });

  test("paints a constant picture without dividing by zero", () => {
    const out = paint(toPicture([2, 2, 3], new Float32Array(12)), rule);
    expect([...out]).toEqual(
      Array.from({ length: 4 }, () => [128, 128, 128, 255]).flat(),
    );
  });
});

test("raw maps -1, 0 and 1 to 0, 128 and 255", () => {
  const out = paint(toPicture([1, 1, 3], [-1, 0, 1]), "raw");
  expect([...out]).toEqual([0, 128, 255, 255]);
});

test("a constant picture that is not grey stays its own value under raw, and is middle grey under the others", () => {
  const picture = toPicture([1, 2, 1], [0.5, 0.5]);
  expect(paint(picture, "raw")[0]).toBe(191);
  expect(paint(picture, "sigma")[0]).toBe(128);
  expect(paint(picture, "percentile")[0]).toBe(128);
});

test("percentiles that coincide leave outliers black and white", () => {
  const values = new Float32Array(1000);
  values[0] = -1;
  values[1] = 1;
  const out = paint(toPicture([10, 100, 1], values), "percentile");
  expect([out[0], out[4], out[8]]).toEqual([0, 255, 128]);
});

test("one and two channels are grey, five show their first three", () => {
  const grey = paint(toPicture([1, 2, 1], [-1, 1]), "raw");
  expect([...grey]).toEqual([0, 0, 0, 255, 255, 255, 255, 255]);
  const two = paint(toPicture([1, 2, 2], [-1, 0.3, 1, 0.3]), "raw");
  expect([...two]).toEqual([0, 0, 0, 255, 255, 255, 255, 255]);
  const five = paint(toPicture([1, 1, 5], [-1, 0, 1, 0.1, 0.2]), "raw");
  expect([...five]).toEqual([0, 128, 255, 255]);
});

test("sigma does not depend on the order of magnitude: a picture scaled down looks the same", () => {
  const picture = noise([20, 20, 3], 7, 0, 0.1);
  const half = { ...picture, values: picture.values.map((v) => v * 2) };
  const full = paint(half, "sigma");
  paint(picture, "sigma").forEach((v, i) =>
    expect(Math.abs(v - (full[i] ?? NaN))).toBeLessThanOrEqual(1),
  );
});

test("sigma gives a saturated picture all levels: it stays within [-1, 1]", () => {
  // half of the values at each end: mean 0, standard deviation 1, so the bare rule would map -3..3
  const ends = toPicture([1, 4, 1], [-1, 1, 1, -1]);
  expect(contrastRange(ends, "sigma")).toEqual({ low: -1, high: 1 });
  const painted = paint(ends, "sigma");
  expect([painted[0], painted[4]]).toEqual([0, 255]);
  expect(painted).toEqual(paint(ends, "raw"));
  // only the upper end is reached: mean 0.4, deviation 0.3, -0.5 to 1 instead of to 1.3
  const bright = toPicture([1, 2, 1], [0.1, 0.7]);
  const { low, high } = contrastRange(bright, "sigma");
  expect(low).toBeCloseTo(-0.5, 4);
  expect(high).toBe(1);
});

test("imageStd is the population's standard deviation in units of x", () => {
  expect(imageStd(toPicture([1, 4, 1], [-1, -1, 1, 1]))).toBe(1);
  expect(imageStd(toPicture([1, 4, 1], [0.7, 0.7, 0.7, 0.7]))).toBe(0);
});

test("a picture and a canvas that do not fit are refused", () => {
  const picture = toPicture([2, 2, 3], new Float32Array(12));
  const range = { low: -1, high: 1 };
  expect(() =>
    applyRange(picture, range, new Uint8ClampedArray(12)),
  ).toThrowError(RangeError);
  expect(() =>
    applyRange(
      { ...picture, shape: [3, 2, 3] },
      range,
      new Uint8ClampedArray(24),
    ),
  ).toThrowError(RangeError);
});

import { describe, expect, it } from "vitest";
import {
  edgeGain,
  gaussianKernel,
  rotationTransform,
  transformOf,
} from "../../../src/engine/ascent/regularization";
import { startImage } from "../../../src/engine/ascent/start";

const settings = { blur: 0, rotate: 5, rotateProbability: 0.3 };

describe("transformOf", () => {
  it("rotates as often as asked, within the degrees, from seed and step alone", () => {
    const angles = Array.from(
      { length: 5000 },
      (_, step) => transformOf(settings, 4, step).rotation,
    );
    const turned = angles.filter((angle) => angle !== null);
    expect(Math.abs(turned.length / angles.length - 0.3)).toBeLessThan(0.02);
    for (const angle of turned) expect(Math.abs(angle)).toBeLessThanOrEqual(5);
    expect(Math.max(...turned)).toBeGreaterThan(4.9);
    expect(Math.min(...turned)).toBeLessThan(-4.9);
    expect(transformOf(settings, 4, 17)).toEqual(transformOf(settings, 4, 17));
  });

  it("keeps a step's angle when only the probability changes", () => {
    const always = { ...settings, rotateProbability: 1 };
    for (let step = 0; step < 200; step++) {
      const some = transformOf(settings, 9, step).rotation;
      if (some !== null)
        expect(transformOf(always, 9, step).rotation).toBe(some);
    }
  });

  it("never rotates by 0 degrees", () => {
    const off = { blur: 0, rotate: 0, rotateProbability: 1 };
    for (let step = 0; step < 20; step++)
      expect(transformOf(off, 1, step).rotation).toBeNull();
  });
});

describe("gaussianKernel", () => {
  it("sums to 1, is even, and has five taps at 0.5", () => {
    const kernel = gaussianKernel(0.5);
    expect(kernel).toHaveLength(5);
    expect(kernel.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
    expect(kernel[0]).toBe(kernel[4]);
    // exp(-2) of the centre, by hand
    expect((kernel[1] ?? 0) / (kernel[2] ?? 1)).toBeCloseTo(Math.exp(-2), 12);
  });

  it("is the identity at 0", () => {
    expect([...gaussianKernel(0)]).toEqual([1]);
  });

  it("has the variance asked for", () => {
    const kernel = gaussianKernel(2);
    const centre = (kernel.length - 1) / 2;
    const variance = kernel.reduce((s, w, i) => s + w * (i - centre) ** 2, 0);
    expect(Math.abs(variance - 4)).toBeLessThan(0.02);
  });
});

it("edgeGain makes good what the edge takes, also where the kernel is wider than the image", () => {
  const kernel = gaussianKernel(1.5);
  for (const length of [40, 5, 1]) {
    const gain = edgeGain(kernel, length);
    const radius = (kernel.length - 1) / 2;
    for (let at = 0; at < length; at++) {
      let blurred = 0;
      for (let from = 0; from < length; from++)
        blurred += kernel[at - from + radius] ?? 0;
      expect(blurred * (gain[at] ?? 0)).toBeCloseTo(1, 12);
    }
  }
});

it("rotationTransform keeps the centre and distances", () => {
  const [a0 = 0, a1 = 0, a2 = 0, b0 = 0, b1 = 0, b2 = 0] = rotationTransform(
    30,
    11,
    21,
  );
  const map = (x: number, y: number) =>
    [a0 * x + a1 * y + a2, b0 * x + b1 * y + b2] as const;
  const [cx, cy] = map(10, 5);
  expect(cx).toBeCloseTo(10, 12);
  expect(cy).toBeCloseTo(5, 12);
  const [x, y] = map(13, 9);
  expect(Math.hypot(x - 10, y - 5)).toBeCloseTo(5, 12);
});

describe("startImage", () => {
  it("depends on seed and shape alone, scales with the noise and stays in [-1, 1]", () => {
    const small = startImage([20, 30, 3], 0.1, 5);
    expect(startImage([20, 30, 3], 0.1, 5)).toEqual(small);
    expect(startImage([20, 30, 3], 0.1, 6)).not.toEqual(small);
    const double = startImage([20, 30, 3], 0.2, 5);
    small.forEach((x, i) => expect(double[i]).toBeCloseTo(2 * x, 6));
    const wild = startImage([20, 30, 3], 5, 5);
    expect(wild.every((x) => x >= -1 && x <= 1)).toBe(true);
    expect(startImage([4, 4, 1], 0, 5).every((x) => x === 0)).toBe(true);
  });

  it("has the standard deviation asked for", () => {
    const image = startImage([128, 128, 3], 0.1, 1);
    const variance = image.reduce((s, x) => s + x * x, 0) / image.length;
    expect(Math.sqrt(variance)).toBeCloseTo(0.1, 3);
  });
});

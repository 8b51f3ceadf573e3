import { describe, expect, it } from "vitest";
import { randomStream } from "../../src/engine/random";

function draws(stream: { normal(): number }, count: number): number[] {
  return Array.from({ length: count }, () => stream.normal());
}

describe("randomStream", () => {
  it("repeats itself for the same seed and words, and only then", () => {
    const first = draws(randomStream(7, 1, 2), 50);
    expect(draws(randomStream(7, 1, 2), 50)).toEqual(first);
    for (const other of [
      randomStream(8, 1, 2),
      randomStream(7, 1, 3),
      randomStream(7, 2, 1),
      randomStream(7, 1),
      randomStream(7, 1, 2, 0),
    ])
      expect(draws(other, 50)).not.toEqual(first);
  });

  it("draws a standard normal: mean, variance, third and fourth moment", () => {
    const values = draws(randomStream(1), 400_000);
    const moment = (power: number) =>
      values.reduce((sum, v) => sum + v ** power, 0) / values.length;
    expect(moment(1)).toBeCloseTo(0, 2);
    expect(moment(2)).toBeCloseTo(1, 2);
    expect(Math.abs(moment(3))).toBeLessThan(0.03);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.06);
  });

  it("keeps neighbouring seeds and steps uncorrelated", () => {
    const n = 20_000;
    const a = draws(randomStream(0, 2, 1), n);
    for (const other of [randomStream(1, 2, 1), randomStream(0, 2, 2)]) {
      const b = draws(other, n);
      const correlation = a.reduce((sum, v, i) => sum + v * (b[i] ?? 0), 0) / n;
      expect(Math.abs(correlation)).toBeLessThan(0.03);
    }
  });

  it("is uniform in [0, 1)", () => {
    const random = randomStream(3);
    const bins = new Array<number>(10).fill(0);
    for (let i = 0; i < 100_000; i++) {
      const bin = Math.floor(random.uniform() * 10);
      bins[bin] = (bins[bin] ?? 0) + 1;
    }
    for (const count of bins)
      expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });
});

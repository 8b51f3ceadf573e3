/** How a climb is watched: at which points, and which pixels it calls stuck. */
import { expect, it } from "vitest";
import { pointsOf } from "../../../src/engine/experiments/toy/climb";
import { StuckPixels } from "../../../src/engine/experiments/toy/stuck";

it("watches a climb densely at first, at no more than 151 points", () => {
  for (const steps of [1, 2, 7, 150, 3000, 100_000]) {
    const points = pointsOf(steps);
    expect(points[0]).toBe(0);
    expect(points.at(-1)).toBe(steps);
    expect(points.length).toBeLessThanOrEqual(151);
    expect(points).toEqual([...new Set(points)].sort((a, b) => a - b));
  }
  expect(pointsOf(3)).toEqual([0, 1, 2, 3]);
});

it("calls those pixels stuck that get nowhere, swinging ones too", () => {
  const largest = 0.01;
  const pixels: readonly [string, (step: number) => number, boolean][] = [
    ["white", () => 1, false],
    ["resting", () => -0.3, true],
    ["black", () => -1, true],
    ["swinging", (step) => (step % 2) * 0.01 - 0.005, true],
    ["slowly rising", (step) => -0.9 + step * 2e-5, false],
    ["all but resting", (step) => -0.9 + step * 5e-6, true],
    ["darkening", (step) => 0.5 - step * 1e-3, true],
    [
      "swinging while it rises",
      (step) => (step % 2) * 0.01 + step * 1e-4,
      false,
    ],
  ];
  const x = new Float64Array(pixels.length);
  const set = (step: number) => {
    for (const [i, [, at]] of pixels.entries()) x[i] = at(step);
  };
  set(0);
  const stuck = new StuckPixels(x, largest, 0.99);
  let share = stuck.share(0);
  expect(share).toBe(0);
  const points = new Set(pointsOf(1000));
  for (let step = 1; step <= 1000; step++) {
    set(step);
    stuck.saw();
    if (points.has(step)) share = stuck.share(step);
  }
  const expected = pixels.filter(([, , is]) => is).length;
  expect(share * pixels.length).toBe(expected);
});

import { expect, it } from "vitest";
import { rank, type Measured } from "../../../src/engine/calibration/rank";
import { plainRecipe } from "../../../src/shared/recipe";

function trial(heldOut: readonly number[], saturated = 0): Measured {
  return { recipe: plainRecipe, steps: 10, heldOut, saturated };
}

it("orders by the rise above the start, class by class relative to the best", () => {
  // class 0 has scores a hundred times those of class 1, and decides no more for it
  const trials = [
    trial([500, 1.5]), // (0.5 + 0.25) / 2
    trial([900, 2]), // (0.9 + 0.5) / 2
    trial([1000, 3]), // 1
    trial([100, 3]), // (0.1 + 1) / 2
  ];
  expect(rank(trials, [0, 1], 0.2)).toEqual([2, 1, 3, 0]);
});

it("takes the earlier of two that differ by less than the tolerance", () => {
  expect(rank([trial([99.5]), trial([100])], [0], 0.2)).toEqual([0, 1]);
  expect(rank([trial([98]), trial([100])], [0], 0.2)).toEqual([1, 0]);
});

it("puts what saturates last, and of nothing else takes the least saturated", () => {
  const trials = [trial([100], 0.5), trial([10], 0.2), trial([60], 0.3)];
  expect(rank(trials, [0], 0.2)).toEqual([1, 2, 0]);
  expect(rank(trials, [0], 0.1)).toEqual([1, 2, 0]);
  expect(rank(trials, [0], 0.5)).toEqual([0, 2, 1]);
});

it("ignores a class that no trial raises, and knows no best where none rises", () => {
  expect(rank([trial([1, 5]), trial([2, -9])], [0, 5], 0.2)).toEqual([1, 0]);
  expect(rank([trial([0]), trial([-1])], [0], 0.2)).toBeNull();
});

it("leaves out a trial whose score is no finite number", () => {
  expect(rank([trial([NaN]), trial([1])], [0], 0.2)).toEqual([1]);
  expect(rank([trial([NaN])], [0], 0.2)).toBeNull();
});

import { expect, test } from "vitest";
import type { RunRecord } from "../../../../src/shared/domain";
import { compareScores, courseOf } from "../../../../src/shared/scores";
import {
  formatDifference,
  formatRunScore,
  formatScore,
  formatSpread,
  isUnclear,
  seedFacts,
} from "../../../../src/main/host/export/words";
import { makeGallery } from "./fixture";

test.each([
  [310.82, "310.8"],
  [-3.14, "−3.1"],
  [0, "0.0"],
  [-0, "0.0"],
  [0.0421, "0.042"],
  [-0.5, "−0.50"],
  [12345678, "1.23e+7"],
  [1e-9, "1.0e−9"],
])("a score of %d is written %s", (score, text) =>
  expect(formatScore(score)).toBe(text),
);

test.each([
  [200, 310, "+55 %"],
  [200, 100, "−50 %"],
  [200, 200.4, "0 %"],
  [200, 199.6, "0 %"],
  [-2, 3, "+5.0"],
  [-2, -5, "−3.0"],
  [0, 0, "0.0"],
])("against a first column of %d, %d is %s", async (first, score, text) => {
  const { runs } = await makeGallery({ labels: ["lion"] });
  const [a, b] = runs;
  if (!a || !b) throw new Error("the fixture has runs");
  const baseline = { ...a, trace: [first] };
  const tile = (run: RunRecord) => ({
    run,
    folder: "",
    baseline,
    difference: compareScores(courseOf(run), courseOf(baseline)),
  });
  expect(formatDifference(tile({ ...b, trace: [score] }))).toBe(text);
  expect(formatDifference(tile(baseline))).toBe("baseline");
  expect(
    formatDifference({ ...tile(b), baseline: null, difference: null }),
  ).toBe("");
});

test("a difference of means says its uncertainty, in the unit of the difference", async () => {
  const { runs } = await makeGallery({ labels: ["lion"] });
  const [a, b] = runs;
  if (!a || !b) throw new Error("the fixture has runs");
  const of = (score: number, base: number, std: number) => ({
    run: b,
    folder: "",
    baseline: a,
    difference: {
      step: 100,
      score,
      base,
      value: score - base,
      std,
      unclear: Math.abs(score - base) <= std,
    },
  });
  expect(formatDifference(of(30, 20, 2))).toBe("+50 ± 10 %");
  expect(isUnclear(of(30, 20, 2))).toBe(false);
  expect(formatDifference(of(21, 20, 2))).toBe("+5 ± 10 %");
  expect(isUnclear(of(21, 20, 2))).toBe(true);
  expect(formatDifference(of(3, -2, 1.26))).toBe("+5.0 ± 1.3");
});

test("a score is written with its deviation, of as many decimals", async () => {
  const { runs } = await makeGallery({ labels: ["lion"] });
  const [run] = runs;
  if (!run) throw new Error("the fixture has a run");
  const tail = { mean: 29.53, std: 1.849, steps: 30 };
  expect(formatRunScore({ ...run, score: 31, tail })).toBe("29.5 ± 1.8");
  expect(formatRunScore({ ...run, score: 31, tail: null })).toBe("31.0");
  expect(formatSpread(-0.0421, 0.01)).toBe("−0.042 ± 0.010");
});

test("several seeds say which picture is shown, their spread and the win rate", () => {
  const seeds = { best: 1, runs: 5, mean: 27.1, std: 2.04, won: 4, of: 5 };
  expect(seedFacts(seeds)).toEqual([
    "best of 5 seeds, 27.1 ± 2.0",
    "won 4 of 5",
  ]);
  expect(seedFacts({ ...seeds, won: null })).toHaveLength(1);
  expect(seedFacts({ ...seeds, runs: 1 })).toEqual([]);
});

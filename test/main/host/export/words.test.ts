import { expect, test } from "vitest";
import {
  formatDifference,
  formatScore,
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
  const baseline = { ...a, score: first };
  expect(formatDifference({ run: { ...b, score }, folder: "", baseline })).toBe(
    text,
  );
  expect(formatDifference({ run: baseline, folder: "", baseline })).toBe(
    "baseline",
  );
  expect(formatDifference({ run: b, folder: "", baseline: null })).toBe("");
});

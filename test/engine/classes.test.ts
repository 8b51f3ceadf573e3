import { expect, it } from "vitest";
import { softmax, topClasses } from "../../src/engine/classes";

it("softmax is a distribution, also for huge logits", () => {
  expect([...softmax([0, Math.log(3)])]).toEqual([
    expect.closeTo(0.25, 12),
    expect.closeTo(0.75, 12),
  ]);
  expect([...softmax([1e30, 0])]).toEqual([1, 0]);
  expect([...softmax([-1e4, -1e4])]).toEqual([0.5, 0.5]);
});

it("topClasses gives the best first, ties by index, and copes with few classes", () => {
  const top = topClasses([1, 3, 3, 2], ["a", "b", "c"], 5);
  expect(top.map((c) => c.index)).toEqual([1, 2, 3, 0]);
  expect(top.map((c) => c.label)).toEqual(["b", "c", "class 3", "a"]);
  expect(top.reduce((sum, c) => sum + (c.probability ?? 0), 0)).toBeCloseTo(
    1,
    12,
  );
  expect(topClasses([1, 3, 3, 2], [], 1)).toHaveLength(1);
});

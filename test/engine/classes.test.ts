import { expect, it } from "vitest";
import { logitTarget, objectiveOf } from "../../src/shared/target";
import {
  probabilitiesOf,
  sigmoid,
  softmax,
  top1Of,
  topClasses,
} from "../../src/engine/classes";

it("softmax is a distribution, also for huge logits", () => {
  expect([...softmax([0, Math.log(3)])]).toEqual([
    expect.closeTo(0.25, 12),
    expect.closeTo(0.75, 12),
  ]);
  expect([...softmax([1e30, 0])]).toEqual([1, 0]);
  expect([...softmax([-1e4, -1e4])]).toEqual([0.5, 0.5]);
});

it("topClasses gives the best first, ties by index, and copes with few classes", () => {
  const top = topClasses([1, 3, 3, 2], ["a", "b", "c"], 5, "softmax");
  expect(top.map((c) => c.index)).toEqual([1, 2, 3, 0]);
  expect(top.map((c) => c.label)).toEqual(["b", "c", "class 3", "a"]);
  expect(top.reduce((sum, c) => sum + (c.probability ?? 0), 0)).toBeCloseTo(
    1,
    12,
  );
  expect(topClasses([1, 3, 3, 2], [], 1, "softmax")).toHaveLength(1);
});

it("sigmoid is each unit's own, exact at both ends", () => {
  // 1 / (1 + exp(-z)) by Python's decimal
  expect(sigmoid(2)).toBeCloseTo(0.8807970779778824, 15);
  expect(sigmoid(-2)).toBeCloseTo(0.11920292202211756, 15);
  expect(sigmoid(-40) / 4.248354255291589e-18).toBeCloseTo(1, 12);
  expect([sigmoid(0), sigmoid(1e9), sigmoid(-1e9)]).toEqual([0.5, 1, 0]);
});

it("probabilities follow the head", () => {
  const logits = [2, -2, 0];
  expect([...(probabilitiesOf(logits, "sigmoid") ?? [])]).toEqual([
    expect.closeTo(0.8807970779778824, 14),
    expect.closeTo(0.11920292202211756, 14),
    0.5,
  ]);
  expect(probabilitiesOf(logits, "softmax")?.[0]).toBeCloseTo(
    0.8668133321973349,
    14,
  );
  expect(probabilitiesOf(logits, "value")).toBeNull();
  expect(probabilitiesOf(logits, "map")).toBeNull();
});

it("topClasses has the head's probabilities, and names without labels by it", () => {
  const top = (head: Parameters<typeof topClasses>[3]) =>
    topClasses([0, 2], ["a"], 2, head).map(({ label, probability }) => [
      label,
      probability,
    ]);
  expect(top("sigmoid")).toEqual([
    ["class 1", expect.closeTo(0.8807970779778824, 14)],
    ["a", 0.5],
  ]);
  expect(top("value")).toEqual([
    ["output 1", null],
    ["a", null],
  ]);
  expect(top("map")[0]).toEqual(["channel 1", null]);
});

it("only a softmax has a first choice, and only for what is maximised", () => {
  const logits = Float32Array.of(1, 3, 3);
  const top = (index: number, minimise = false) =>
    top1Of(logits, logitTarget(index, minimise), "softmax");
  expect([top(0), top(1), top(2), top(1, true), top(0, true)]).toEqual([
    false,
    true,
    false,
    null,
    null,
  ]);
  for (const head of ["sigmoid", "value", "map"] as const)
    expect(top1Of(logits, logitTarget(1), head)).toBeNull();
});

it("the objective of a minimised target is the negative logit", () => {
  expect(objectiveOf(logitTarget(1), [1, 3])).toBe(3);
  expect(objectiveOf(logitTarget(1, true), [1, 3])).toBe(-3);
  expect(objectiveOf(logitTarget(5), [1, 3])).toBeNaN();
});

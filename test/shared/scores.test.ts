import { describe, expect, it } from "vitest";
import {
  compareScores,
  scoreAt,
  summarizeSeeds,
  type Course,
} from "../../src/shared/scores";

const course = (trace: readonly number[], silent = false): Course => ({
  trace,
  silent,
});
/** trace[k] = k * slope, shifted. */
const line = (steps: number, slope: number, from = 0) =>
  course(Array.from({ length: steps + 1 }, (_, k) => from + slope * k));
/** Standard deviation (n - 1) of 10 numbers one apart. */
const tenApart = Math.sqrt(82.5 / 9);

describe("a score", () => {
  it("is the mean and deviation over the last tenth of the steps, at least ten", () => {
    // 91..100
    const score = scoreAt(line(100, 1));
    expect(score).toMatchObject({ step: 100, value: 95.5, steps: 10 });
    expect(score?.std).toBeCloseTo(tenApart, 12);
    // 271..300
    expect(scoreAt(line(300, 1))).toMatchObject({ value: 285.5, steps: 30 });
  });

  it("is that of one step where there are fewer than ten", () => {
    expect(scoreAt(line(9, 2))).toEqual({
      step: 9,
      value: 18,
      std: null,
      steps: 1,
    });
    expect(scoreAt(line(10, 2))).toMatchObject({ value: 11, steps: 10 });
    expect(scoreAt(course([]))).toBeNull();
  });

  it("counts up to the step that is asked for, and no further than the run went", () => {
    expect(scoreAt(line(100, 1), 20)).toMatchObject({ step: 20, value: 15.5 });
    expect(scoreAt(line(100, 1), 5)).toMatchObject({ value: 5, std: null });
    expect(scoreAt(line(100, 1), 400)).toMatchObject({
      step: 100,
      value: 95.5,
    });
  });

  it("of a silent run holds for every later step", () => {
    expect(scoreAt(course([3], true), 50)).toEqual({
      step: 50,
      value: 3,
      std: 0,
      steps: 10,
    });
  });
});

describe("a difference", () => {
  it("is of the means, with the root of both variances, and unclear where that includes zero", () => {
    const wide = compareScores(line(100, 1), line(100, 2, -100));
    expect(wide).toMatchObject({
      step: 100,
      score: 95.5,
      base: 91,
      value: 4.5,
    });
    expect(wide?.std).toBeCloseTo(Math.sqrt(5) * tenApart, 12);
    expect(wide?.unclear).toBe(true);
    const clear = compareScores(line(100, 1), line(100, 1, -50));
    expect(clear).toMatchObject({ value: 50, unclear: false });
  });

  it("is taken at the last step that both reached, from both traces", () => {
    const stopped = line(40, 1);
    expect(compareScores(line(100, 1), stopped)).toMatchObject({
      step: 40,
      score: 35.5,
      base: 35.5,
      value: 0,
    });
    expect(compareScores(stopped, line(100, 2))).toMatchObject({
      step: 40,
      value: -35.5,
    });
  });

  it("can be asked for at an earlier step", () => {
    expect(compareScores(line(100, 1), line(100, 2), 20)).toMatchObject({
      step: 20,
      value: -15.5,
    });
    expect(compareScores(line(30, 1), line(100, 2), 50)?.step).toBe(30);
  });

  it("is of single steps and claims no uncertainty where one has too few steps", () => {
    expect(compareScores(line(100, 1), line(5, 2))).toEqual({
      step: 5,
      score: 5,
      base: 10,
      value: -5,
      std: null,
      unclear: false,
    });
  });

  it("takes a silent run as standing still, and two silent ones where the longer one stopped", () => {
    const silent = course([1, 2], true);
    expect(compareScores(line(100, 1), silent)).toMatchObject({
      step: 100,
      base: 2,
      value: 93.5,
    });
    expect(compareScores(silent, course([5], true))).toMatchObject({
      step: 1,
      value: -3,
      std: null,
    });
  });

  it("is none without scores", () => {
    expect(compareScores(course([]), line(9, 1))).toBeNull();
    expect(compareScores(course([]), course([], true))).toBeNull();
  });
});

describe("several seeds", () => {
  const run = (seed: number, of: Course, stopped = false) => ({
    ...of,
    seed,
    stopped,
  });

  it("have a best, a spread of their means, and a win rate at equal seed", () => {
    // means 25.5 + shift
    const runs = [0, 4, 2].map((shift, i) => run(i + 1, line(30, 1, shift)));
    const base = [1, 3, 5].map((shift, i) => run(i + 1, line(30, 1, shift)));
    expect(summarizeSeeds(runs, base)).toEqual({
      best: 1,
      runs: 3,
      mean: 27.5,
      std: 2,
      won: 1,
      of: 3,
    });
    expect(summarizeSeeds(runs, null)).toMatchObject({ won: null, of: 0 });
  });

  it("are paired by seed, not by place", () => {
    const runs = [run(7, line(3, 2)), run(8, line(3, 1))];
    const base = [run(8, line(3, 1.5)), run(9, line(3, 0))];
    expect(summarizeSeeds(runs, base)).toMatchObject({ won: 0, of: 1 });
  });

  it("leave stopped runs out as long as one is whole", () => {
    const runs = [run(1, line(30, 1)), run(2, line(12, 100), true)];
    expect(summarizeSeeds(runs, null)).toMatchObject({
      best: 0,
      runs: 1,
      mean: 25.5,
      std: null,
    });
    // at step 12: means of 3..12 and of 6, 8, ..., 24
    const all = [run(1, line(20, 1), true), run(2, line(12, 2), true)];
    expect(summarizeSeeds(all, null)).toMatchObject({
      best: 1,
      runs: 2,
      mean: (7.5 + 15) / 2,
    });
  });

  it("come to nothing before there is a score", () => {
    expect(summarizeSeeds([run(1, course([]))], null)).toBeNull();
    expect(summarizeSeeds([], null)).toBeNull();
  });
});

import { describe, expect, it } from "vitest";
import {
  sweep,
  sweepRule,
  type SweepMethod,
  type SweepRow,
} from "../../../src/shared/lab/sweep";
import { sweepCells } from "../../../src/shared/lab/sweep-cells";
import { logitTarget } from "../../../src/shared/target";

const settings = sweep.settings.parse({
  methods: ["relu", "proxygrad"],
  slopes: [0.2, 0.1],
  seeds: [1, 2],
});

function row(
  method: SweepMethod,
  slope: number,
  target: number,
  seed: number,
  score: number | null,
  changes: Partial<SweepRow> = {},
): SweepRow {
  return {
    method,
    slope,
    target,
    seed,
    steps: 10,
    regularized: false,
    score,
    top1: false,
    silent: false,
    ...changes,
  };
}

/** Scores in the order (class 4, seed 1), (class 9, seed 1), then seed 2. */
function rows(method: SweepMethod, slope: number, scores: readonly number[]) {
  return scores.map((score, i) =>
    row(method, slope, i % 2 === 0 ? 4 : 9, i < 2 ? 1 : 2, score),
  );
}

const targets = [logitTarget(4), logitTarget(9)];

describe("a sweep's cells", () => {
  it("have mean, spread, ratio to ReLU and how often they are above it", () => {
    const { cells, best, bestProxygrad } = sweepCells(settings, targets, [
      ...rows("relu", 0, [10, 20, 30, 40]),
      ...rows("proxygrad", 0.1, [20, 30, 40, 35]),
      ...rows("proxygrad", 0.2, [5, 10, 15, 20]),
      row("proxygrad", 0.1, 4, 3, 1e6),
      row("proxygrad", 0.1, 4, 1, 1e6, { steps: 500 }),
      row("proxygrad", 0.1, 4, 1, 1e6, { regularized: true }),
    ]);
    expect(cells.map(({ method, slope }) => [method, slope])).toEqual([
      ["relu", 0],
      ["proxygrad", 0.1],
      ["proxygrad", 0.2],
    ]);
    expect(cells.map(({ mean }) => mean)).toEqual([25, 31.25, 12.5]);
    expect(cells.map(({ ratio }) => ratio)).toEqual([1, 1.25, 0.5]);
    expect(cells.map(({ above }) => above)).toEqual([0, 3, 0]);
    // of 10, 20, 30, 40: sqrt(500 / 3)
    expect(cells[0]?.spread).toBeCloseTo(Math.sqrt(500 / 3), 12);
    const expected = {
      steps: 10,
      regularized: false,
      method: "proxygrad",
      slope: 0.1,
      score: 31.25,
      ratio: 1.25,
    };
    expect(best).toEqual([expected]);
    expect(bestProxygrad).toEqual([expected]);
  });

  it("are of means where rows have them", () => {
    const tail = (mean: number) => ({ tail: { mean, std: 1, steps: 10 } });
    const [relu, proxygrad] = sweepCells(settings, targets, [
      row("relu", 0, 4, 1, 100, tail(10)),
      row("relu", 0, 9, 1, 100, tail(20)),
      row("proxygrad", 0.1, 4, 1, 5, tail(12)),
      row("proxygrad", 0.1, 9, 1, 5, tail(24)),
    ]).cells;
    expect([relu?.mean, proxygrad?.mean]).toEqual([15, 18]);
    expect(proxygrad?.ratio).toBe(1.2);
    expect(proxygrad?.above).toBe(2);
    expect(proxygrad?.scores.map(({ score }) => score)).toEqual([12, 24]);
  });

  it("are compared on the classes and seeds that both have, and are no best before they are complete", () => {
    const { cells, best, bestProxygrad } = sweepCells(settings, targets, [
      ...rows("relu", 0, [10, 20, 30, 40]),
      ...rows("proxygrad", 0.1, [30, 10]),
    ]);
    expect(cells[1]).toMatchObject({
      n: 2,
      of: 4,
      mean: 20,
      ratio: 40 / 30,
      above: 1,
    });
    expect(cells[2]).toMatchObject({
      n: 0,
      mean: null,
      spread: null,
      ratio: null,
    });
    expect(best.map(({ method }) => method)).toEqual(["relu"]);
    expect(bestProxygrad).toEqual([]);
  });

  it("leave out what is no number, and say how much that is", () => {
    const { cells } = sweepCells({ ...settings, slopes: [0.1] }, targets, [
      ...rows("relu", 0, [-1, -2, -3, -4]),
      ...rows("proxygrad", 0.1, [1, 2, 3]),
      row("proxygrad", 0.1, 9, 2, null),
    ]);
    // a ratio to something negative would say nothing
    expect(cells[1]).toMatchObject({
      n: 3,
      failed: 1,
      mean: 2,
      ratio: null,
      above: 3,
    });
  });

  it("of several curves are each their own", () => {
    const both = { ...settings, methods: ["relu" as const], steps: [10, 500] };
    const { cells, best } = sweepCells(
      { ...both, regularize: ["off", "on"], seeds: [1] },
      [logitTarget(4)],
      [
        row("relu", 0, 4, 1, 1),
        row("relu", 0, 4, 1, 2, { steps: 500 }),
        row("relu", 0, 4, 1, 3, { regularized: true }),
      ],
    );
    expect(cells.map(({ mean }) => mean)).toEqual([1, 2, 3, null]);
    expect(best.map(({ score }) => score)).toEqual([1, 2, 3]);
  });
});

describe("rows of a sweep before there were means", () => {
  const taken = (one: SweepRow) =>
    sweep.row.safeParse(sweep.upgrades[2](sweep.upgrades[1](one)));

  it("are taken over, but for noisy ones, which are computed again", () => {
    const plain = row("relu", 0, 4, 1, 5);
    const short = row("relu", 0, 4, 1, 5, { steps: 9, regularized: true });
    expect([taken(plain).data, taken(short).data]).toEqual([plain, short]);
    expect(taken({ ...short, steps: 10 }).success).toBe(false);
  });
});

describe("what the scores of a sweep are", () => {
  const turned = { blur: 0.5, rotate: 5, rotateProbability: 0.3 };
  const says = (steps: number[], regularize: ("off" | "on")[], rotate = 5) =>
    sweepRule({ steps, regularize }, { ...turned, rotate });

  it("is said, with the noise where there is some", () => {
    for (const still of [says([10], ["off"]), says([9, 10], ["on"], 0)])
      expect(still).not.toContain("noisy");
    expect(says([10], ["off", "on"])).toContain("the mean over the last tenth");
    expect(says([10], ["on"])).not.toContain("have no mean");
    expect(says([9], ["on"])).toContain("have no mean");
    expect(says([9], ["on"])).not.toContain("the mean over the last tenth");
  });
});

import { describe, expect, it } from "vitest";
import {
  curvesOf,
  referencesOf,
  rowsOf,
  seriesOf,
  titleOf,
  trouble,
} from "../../src/renderer/workspaces/lab/pages/sweep/curves";
import type {
  SweepCell,
  SweepMethod,
  SweepSummary,
} from "../../src/shared/lab/sweep";

function cell(
  method: SweepMethod,
  slope: number,
  mean: number | null,
  changes: Partial<SweepCell> = {},
): SweepCell {
  return {
    method,
    slope,
    mean,
    steps: 10,
    regularized: false,
    spread: mean === null ? null : 2,
    n: mean === null ? 0 : 4,
    of: 4,
    silent: 0,
    failed: 0,
    ratio: mean === null ? null : mean / 20,
    above: 0,
    scores: [],
    ...changes,
  };
}

const best = {
  method: "proxygrad",
  slope: 0.1,
  steps: 10,
  regularized: false,
  score: 30,
  ratio: 1.5,
} as const;

function summary(cells: SweepCell[]): SweepSummary {
  return {
    stepSize: 5,
    startNoise: 0.1,
    regularization: { blur: 0.5, rotate: 5, rotateProbability: 0.3 },
    batch: 8,
    targets: [],
    cells,
    best: [best],
    bestProxygrad: [best],
  };
}

const cells = [
  cell("relu", 0, 20),
  cell("proxygrad", 0.1, 30),
  cell("proxygrad", 0.4, 10),
  cell("leaky", 0.1, 18),
  cell("leaky", 0.4, null),
  cell("relu", 0, 300, { steps: 500, regularized: true }),
];

describe("the sweep's charts", () => {
  it("are one for each number of steps and condition, with ReLU as a line across", () => {
    const curves = curvesOf(summary(cells));
    expect(curves.map(titleOf)).toEqual([
      "After 10 steps",
      "After 500 steps, with blur and rotation",
    ]);
    const [first] = curves;
    if (!first) throw new Error("no curve");
    expect(first.best).toEqual(best);
    expect(referencesOf(first)).toEqual([{ at: 20, label: "ReLU 20.0" }]);
    expect(
      seriesOf(first).map(({ name, points }) => ({ name, points })),
    ).toEqual([
      { name: "Leaky ReLU", points: [{ x: 0.1, y: 18, low: 16, high: 20 }] },
      {
        name: "ProxyGrad",
        points: [
          { x: 0.1, y: 30, low: 28, high: 32 },
          { x: 0.4, y: 10, low: 8, high: 12 },
        ],
      },
    ]);
  });

  it("name no best slope before every one is computed", () => {
    const partial = [...cells, cell("proxygrad", 0.7, 12, { n: 3 })];
    expect(curvesOf(summary(partial))[0]?.best).toBeNull();
  });
});

describe("the sweep's table", () => {
  it("has the methods of a slope side by side", () => {
    const rows = rowsOf(curvesOf(summary(cells)));
    expect(
      rows.map(({ slope, proxygrad, leaky }) => [
        slope,
        proxygrad?.mean,
        leaky?.mean,
      ]),
    ).toEqual([
      [0.1, 30, 18],
      [0.4, 10, null],
    ]);
  });
});

it("says what did not climb to the end", () => {
  expect(trouble(cells)).toEqual([]);
  expect(trouble([cell("relu", 0, 1, { n: 3, silent: 2, failed: 1 })])).toEqual(
    [
      "2 of 4 ascents ended early because the gradient was exactly zero; they count with the score they had.",
      "1 of 4 ascents came to numbers that are not finite and do not count.",
    ],
  );
});

/** Table 2: the backward pass of one rectifier, by hand. */
import { beforeAll, describe, expect, it } from "vitest";
import { backward } from "../../../src/engine/experiments/backward";
import { openBackend } from "../../../src/main/host/backend";
import { bareWorld, runExperiment } from "../../support/run-experiment";

beforeAll(async () => {
  await openBackend();
});

const float32 = (rows: readonly (readonly number[])[]) =>
  rows.map((row) => row.map(Math.fround));

describe("the worked example", () => {
  it("is what one gets by hand", async () => {
    const { rows, work } = await runExperiment(backward, {});
    expect(rows).toEqual([
      {
        method: "relu",
        slope: 0.3,
        forward: [[1.5, 0], [0, 3]],
        backward: [[2, 0], [0, 0.5]],
      },
      {
        method: "leaky",
        slope: 0.3,
        forward: float32([[1.5, -0.15], [-0.6, 3]]),
        backward: float32([[2, -0.3], [1.2, 0.5]]),
      },
      {
        method: "proxygrad",
        slope: 0.3,
        forward: [[1.5, 0], [0, 3]],
        backward: float32([[2, -0.3], [1.2, 0.5]]),
      },
    ]); // prettier-ignore
    expect(work).toBe(3);
  });

  it("is plain backpropagation where the slopes agree", async () => {
    const { rows } = await runExperiment(backward, { slope: 0 });
    const [relu, leaky, proxygrad] = rows;
    for (const other of [leaky, proxygrad]) {
      expect(other?.forward).toEqual(relu?.forward);
      expect(other?.backward).toEqual(relu?.backward);
    }
    const all = await runExperiment(backward, { slope: 1 });
    expect(all.rows[1]?.forward).toEqual([[1.5, -0.5], [-2, 3]]); // prettier-ignore
    expect(all.rows[2]?.forward).toEqual(relu?.forward);
    expect(all.rows[2]?.backward).toEqual([[2, -1], [4, 0.5]]); // prettier-ignore
  });
});

it("takes any matrix; at 0 the slope acts", async () => {
  const { rows } = await runExperiment(backward, {
    x: [[0, -1e-3, 1e-3]],
    g: [[8, 8, -8]],
    slope: 0.25,
  });
  expect(rows.map((row) => row.backward)).toEqual([
    [[0, 0, -8]],
    [[2, 2, -8]],
    [[2, 2, -8]],
  ]);
  expect(rows.map((row) => row.forward)).toEqual([
    [[0, 0, Math.fround(1e-3)]],
    [[0, Math.fround(0.25 * Math.fround(-1e-3)), Math.fround(1e-3)]],
    [[0, 0, Math.fround(1e-3)]],
  ]);
});

it("refuses a gradient of another shape, and ragged matrices", () => {
  const parse = (said: object) => backward.spec.settings.parse(said);
  expect(() => backward.plan(parse({ g: [[1, 2]] }), bareWorld)).toThrow(
    "The gradient is 1 x 2 and the input 2 x 2.",
  );
  expect(() => parse({ x: [[1, 2], [3]] })).toThrow(/equally many/);
});

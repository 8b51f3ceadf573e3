/** Targets that are minimised: the objective is the negative logit. */
import { memory } from "@tensorflow/tfjs-core";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { ascend, gradientOf, type NativeRuntime } from "../../../src/engine";
import { climb, type LaneScore } from "../../../src/engine/ascent/climb";
import { startImage } from "../../../src/engine/ascent/start";
import { node } from "../../../src/engine/network/op";
import { dense } from "../../../src/engine/network/ops/dense";
import { flatten } from "../../../src/engine/network/ops/reshape";
import { makeStep } from "../../../src/engine/step/make-step";
import { openBackend } from "../../../src/main/host/backend";
import type { AscentSettings, Method } from "../../../src/shared/domain";
import { logitTarget } from "../../../src/shared/target";
import {
  mixedNetwork,
  network as build,
  weight,
} from "../../support/small-networks";

let native: NativeRuntime | null = null;
beforeAll(async () => {
  native = (await openBackend()).runtime;
});
afterEach(() => {
  expect(memory().numTensors).toBe(0);
});

const settings: AscentSettings = {
  steps: 12,
  stepSize: 0.25,
  startNoise: 0.1,
  seed: 5,
  regularization: { blur: 0, rotate: 0, rotateProbability: 0.3 },
  batch: 4,
  precision: "float32",
  keep: 0,
};
const methods: Method[] = [{ kind: "relu" }, { kind: "proxygrad", slope: 0.2 }];
const { signal } = new AbortController();

async function last(asked: Parameters<typeof ascend>[0]) {
  const tiles = new Map<
    string,
    { scores: number[]; logits: number[]; image: number[] }
  >();
  for await (const updates of ascend(asked, { signal }))
    for (const update of updates) {
      const key = `${update.row} ${update.column}`;
      const scores = tiles.get(key)?.scores ?? [];
      scores.push(update.score);
      tiles.set(key, {
        scores,
        logits: [...update.logits()],
        image: [...update.image()],
      });
    }
  return (row: number, column: number) => {
    const tile = tiles.get(`${row} ${column}`);
    if (!tile) throw new Error("no such tile");
    return tile;
  };
}

describe.each([
  ["compiled", true],
  ["eager", false],
])("a minimised target, %s", (_, compiled) => {
  it("walks down the logit's gradient, by value", async () => {
    // logit = w . x + b: the objective's gradient is -w everywhere
    const w = [3, 0, -4, 0];
    const linear = build(
      [2, 2, 1],
      [
        node(flatten, "flat", ["input"], {}),
        node(
          dense,
          "logits",
          ["flat"],
          {},
          { kernel: weight([4, 1], w), bias: weight([1], [0.5]) },
        ),
      ],
    );
    const tile = await last({
      network: linear,
      targets: [logitTarget(0), logitTarget(0, true)],
      methods: [{ kind: "relu" }],
      settings: { ...settings, steps: 2 },
      runtime: compiled ? native : null,
    });
    const start = [...startImage([2, 2, 1], 0.1, 5)];
    const logit = (x: readonly number[]) =>
      x.reduce((sum, v, i) => sum + v * (w[i] ?? 0), 0.5);
    for (const [row, sign] of [
      [0, 1],
      [1, -1],
    ] as const) {
      // two updates of L2 length 0.25 along w / 5
      const wanted = start.map((x, i) => x + (sign * 0.5 * (w[i] ?? 0)) / 5);
      const { image, scores } = tile(row, 0);
      for (const [i, value] of image.entries())
        expect(value).toBeCloseTo(wanted[i] ?? NaN, 5);
      expect(scores[0]).toBeCloseTo(sign * logit(start), 5);
      expect(scores[2]).toBeCloseTo(sign * logit(wanted), 5);
      expect((scores[2] ?? 0) - (scores[0] ?? 0)).toBeCloseTo(2.5, 4);
    }
  });

  it("lowers the logit and raises the score beside one that is maximised", async () => {
    const tile = await last({
      network: mixedNetwork(),
      targets: [logitTarget(2), logitTarget(2, true), logitTarget(0, true)],
      methods,
      settings,
      runtime: compiled ? native : null,
    });
    for (const column of [0, 1])
      for (const [row, index, sign] of [
        [0, 2, 1],
        [1, 2, -1],
        [2, 0, -1],
      ] as const) {
        const { scores, logits } = tile(row, column);
        expect(scores.at(-1)).toBe(sign * (logits[index] ?? NaN));
        expect(scores.at(-1)).toBeGreaterThan(scores[0] ?? NaN);
      }
    expect(tile(1, 0).scores[0]).toBe(-(tile(0, 0).scores[0] ?? NaN));
  });

  it("climbs in a sweep to the same score", async () => {
    const network = mixedNetwork();
    const runtime = compiled ? native : null;
    const tile = await last({
      network,
      targets: [logitTarget(1, true)],
      methods,
      settings,
      runtime,
    });
    const step = makeStep({ ...settings, network, methods }, runtime);
    const scored: LaneScore[] = [];
    for await (const news of climb(
      {
        ...settings,
        step,
        method: 1,
        shape: network.input,
        head: "softmax",
        lanes: [{ target: logitTarget(1, true), seed: 5 }],
        milestones: [0, 12],
      },
      { signal },
    ))
      scored.push(...news.scored);
    step.dispose();
    const { scores } = tile(0, 1);
    for (const [i, at] of [0, 12].entries()) {
      expect(scored[i]?.score).toBeCloseTo(scores[at] ?? NaN, 4);
      expect(scored[i]?.top1).toBeNull();
    }
  });

  it("has the negative score and gradient", () => {
    const network = mixedNetwork();
    const runtime = compiled ? native : null;
    const image = startImage(network.input, 0.3, 1);
    const of = (minimise: boolean) =>
      gradientOf(
        {
          network,
          runtime,
          method: { kind: "proxygrad", slope: 0.2 },
          target: logitTarget(3, minimise),
        },
        image,
      );
    const [up, down] = [of(false), of(true)];
    expect(down.score).toBe(-up.score);
    expect(down.logits).toEqual(up.logits);
    expect(down.norm).toBeCloseTo(up.norm, 5);
    for (const [i, value] of down.gradient.entries())
      expect(value).toBeCloseTo(-(up.gradient[i] ?? NaN), 5);
  });
});

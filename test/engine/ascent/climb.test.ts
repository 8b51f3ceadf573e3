import { memory } from "@tensorflow/tfjs-core";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { ascend, type NativeRuntime } from "../../../src/engine";
import {
  climb,
  type Lane,
  type LaneScore,
} from "../../../src/engine/ascent/climb";
import { makeStep } from "../../../src/engine/step/make-step";
import { openBackend } from "../../../src/main/host/backend";
import type {
  AscentSettings,
  Method,
  Regularization,
} from "../../../src/shared/domain";
import { tailOf } from "../../../src/shared/tail";
import { mixedNetwork } from "../../support/small-networks";

let native: NativeRuntime | null = null;
beforeAll(async () => {
  native = (await openBackend()).runtime;
});
afterEach(() => {
  expect(memory().numTensors).toBe(0);
});

const network = mixedNetwork();
const methods: Method[] = [
  { kind: "relu" },
  { kind: "leaky", slope: 0.2 },
  { kind: "proxygrad", slope: 0.3 },
];
const still: Regularization = { blur: 0, rotate: 0, rotateProbability: 0.3 };
const base = { stepSize: 0.5, startNoise: 0.2, head: "softmax" } as const;

function stepFor(regularization: Regularization, runtime = native) {
  return makeStep(
    { network, methods, batch: 4, precision: "float32", regularization },
    runtime,
  );
}

function lane(index: number, seed: number): Lane {
  return { target: { kind: "logit", index }, seed };
}

interface Options {
  readonly lanes: readonly Lane[];
  readonly milestones: readonly number[];
  readonly regularization?: Regularization;
  readonly method?: number;
  readonly tails?: { readonly exact: boolean };
  readonly signal?: AbortSignal;
  readonly each?: (updates: number) => void;
}

async function climbed({
  regularization = still,
  method = 0,
  signal = new AbortController().signal,
  each,
  ...request
}: Options): Promise<LaneScore[]> {
  const step = stepFor(regularization);
  const all: LaneScore[] = [];
  try {
    for await (const { updates, scored } of climb(
      {
        ...base,
        ...request,
        step,
        method,
        shape: network.input,
        regularization,
      },
      { signal },
    )) {
      all.push(...scored);
      each?.(updates);
    }
  } finally {
    step.dispose();
  }
  return all;
}

/** The gallery's score of one target after so many steps. */
async function galleryScore(
  ...asked: Parameters<typeof galleryTrace>
): Promise<number> {
  return (await galleryTrace(...asked)).at(-1) ?? NaN;
}

/** Its scores after 0, 1, ... steps. */
async function galleryTrace(
  { target, seed }: Lane,
  steps: number,
  method: number,
  regularization: Regularization,
): Promise<number[]> {
  const settings: AscentSettings = {
    ...base,
    steps,
    seed,
    regularization,
    batch: 4,
    precision: "float32",
    keep: 0,
  };
  const chosen = methods[method];
  if (!chosen) throw new RangeError("no such method");
  const ascent = ascend(
    {
      network,
      targets: [target],
      methods: [chosen],
      settings,
      runtime: native,
    },
    { signal: new AbortController().signal },
  );
  const trace: number[] = [];
  for await (const updates of ascent) trace.push(updates[0]?.score ?? NaN);
  return trace;
}

describe("climb", () => {
  it.each([true, false])(
    "gives the gallery's mean over the last tenth of the steps, with the step's own logits: %s",
    async (exact) => {
      const turned = { blur: 0.5, rotate: 9, rotateProbability: 0.5 };
      const lanes = [lane(0, 3), lane(2, 3)];
      for (const method of methods.keys()) {
        const scores = await climbed({
          ...{ lanes, milestones: [4, 14, 30], method, tails: { exact } },
          regularization: turned,
        });
        expect(scores).toHaveLength(6);
        for (const { lane: at, milestone, tail } of scores) {
          const of = lanes[at] ?? lane(0, 3);
          const trace = await galleryTrace(of, milestone, method, turned);
          expect(trace).toHaveLength(milestone + 1);
          if (exact) expect(tail).toEqual(tailOf(trace));
          else if (tail)
            expect(tail.mean).toBeCloseTo(tailOf(trace)?.mean ?? NaN, 5);
          if (milestone > 10) expect(tail?.steps).toBe(10);
          else expect(tail).toBeNull();
        }
      }
    },
  );

  it("gives every lane the gallery's score to the last bit, several seeds in one batch", async () => {
    const lanes = [lane(0, 3), lane(2, 3), lane(0, 8)];
    for (const regularization of [still, { ...still, blur: 0.6 }])
      for (const method of methods.keys()) {
        const scores = await climbed({
          lanes,
          milestones: [3, 7],
          method,
          regularization,
        });
        expect(scores).toHaveLength(6);
        for (const { lane: at, milestone, score, silent } of scores) {
          const own = lanes[at];
          if (!own) throw new RangeError("no such lane");
          expect(score).toBe(
            await galleryScore(own, milestone, method, regularization),
          );
          expect(silent).toBe(false);
        }
      }
  });

  it("turns the images as the gallery does", async () => {
    const regularization = { blur: 0.5, rotate: 20, rotateProbability: 0.7 };
    const [first] = await climbed({
      lanes: [lane(1, 5)],
      milestones: [6],
      method: 2,
      regularization,
    });
    expect(first?.score).toBe(
      await galleryScore(lane(1, 5), 6, 2, regularization),
    );
  });

  it("scores the start image after no update", async () => {
    const scores = await climbed({ lanes: [lane(0, 3)], milestones: [0, 2] });
    expect(scores.map((s) => s.milestone)).toEqual([0, 2]);
    expect(scores[1]?.score).toBeGreaterThan(scores[0]?.score ?? Infinity);
  });

  it("stops within an update of a cancel, and keeps what was scored", async () => {
    const controller = new AbortController();
    const seen: number[] = [];
    const scores = await climbed({
      lanes: [lane(0, 3)],
      milestones: [2, 1000],
      signal: controller.signal,
      each: (updates) => {
        seen.push(updates);
        if (updates === 5) controller.abort();
      },
    });
    expect(scores.map((s) => s.milestone)).toEqual([2]);
    expect(seen.at(-1)).toBe(5);
  });

  it("refuses more lanes than the batch", async () => {
    const lanes = [1, 2, 3, 4, 5].map((seed) => lane(0, seed));
    await expect(climbed({ lanes, milestones: [1] })).rejects.toThrow("batch");
  });

  it("agrees with the eager step", async () => {
    const lanes = [lane(0, 3), lane(3, 4)];
    const compiled = await climbed({ lanes, milestones: [4], method: 1 });
    const step = stepFor(still, null);
    const eager: LaneScore[] = [];
    for await (const { scored } of climb(
      {
        ...base,
        step,
        method: 1,
        shape: network.input,
        regularization: still,
        lanes,
        milestones: [4],
      },
      { signal: new AbortController().signal },
    ))
      eager.push(...scored);
    step.dispose();
    for (const [i, { score }] of compiled.entries())
      expect((eager[i]?.score ?? NaN) / (score ?? NaN)).toBeCloseTo(1, 4);
  });
});

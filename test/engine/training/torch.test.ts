/** Training beside PyTorch: gradients of every weight, and what some steps of the optimizers make of the weights. */
import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import {
  compileTrainStep,
  type NativeRuntime,
  type Network,
  type TrainOptions,
} from "../../../src/engine";
import { node, type Node, type Weight } from "../../../src/engine/network/op";
import * as ops from "../../../src/engine/network/ops/index";
import { openBackend } from "../../../src/main/host/backend";
import { network, relu } from "../../support/small-networks";
import { cosine, norm } from "../../support/vectors";

const arraySchema = z
  .strictObject({ shape: z.array(z.int()), data: z.base64() })
  .transform(({ shape, data }): Weight => {
    const bytes = Buffer.from(data, "base64");
    const copy = new Uint8Array(bytes);
    return { shape, data: new Float32Array(copy.buffer) };
  });
const weightsSchema = z.record(z.string(), arraySchema);

const referenceSchema = z.strictObject({
  torch: z.string(),
  input: z.tuple([z.int(), z.int(), z.int()]),
  classes: z.int(),
  batch: z.int(),
  labelSmoothing: z.number(),
  images: arraySchema,
  labels: z.array(z.array(z.int())),
  weights: weightsSchema,
  gradients: z.array(
    z.strictObject({
      forward: z.number(),
      backward: z.number(),
      loss: z.number(),
      weights: weightsSchema,
    }),
  ),
  optimizers: z.array(
    z.strictObject({
      kind: z.enum(["adamw", "lamb"]),
      learningRate: z.number(),
      weightDecay: z.number(),
      losses: z.array(z.number()),
      weights: weightsSchema,
      evaluated: z.number(),
      correct: z.int(),
    }),
  ),
});

const file = new URL("../../references/training/small.json", import.meta.url);
const reference = referenceSchema.parse(
  JSON.parse(await readFile(file, "utf8")),
);

let runtime: NativeRuntime | null = null;
beforeAll(async () => {
  runtime = (await openBackend()).runtime;
});

/** The network of make-training.py. */
function small(): Network {
  const of = (name: string, ...names: string[]) =>
    Object.fromEntries(
      names.map((key) => {
        const weight = reference.weights[`${name}/${key}`];
        if (!weight) throw new RangeError(`no ${name}/${key}`);
        return [key, weight];
      }),
    );
  const conv = (name: string, input: string, stride: number, bias: boolean) =>
    node(
      ops.conv2d,
      name,
      [input],
      {
        strides: [stride, stride],
        dilations: [1, 1],
        padding: [
          [1, 1],
          [1, 1],
        ],
        groups: 1,
      },
      of(name, "kernel", ...(bias ? ["bias"] : [])),
    );
  const norm = (name: string, input: string): Node =>
    node(
      ops.batchNorm,
      name,
      [input],
      { epsilon: 1e-3 },
      of(name, "gamma", "beta", "mean", "variance"),
    );
  return network(reference.input, [
    conv("conv1", "input", 1, false),
    norm("bn1", "conv1"),
    relu("skip", "bn1"),
    conv("conv2", "skip", 1, true),
    relu("relu2", "conv2"),
    conv("conv3", "relu2", 1, false),
    norm("bn3", "conv3"),
    node(ops.add, "sum", ["bn3", "skip"], {}),
    relu("relu3", "sum"),
    node(ops.maxPool, "pool", ["relu3"], {
      window: [3, 3],
      strides: [2, 2],
      padding: [
        [1, 1],
        [1, 1],
      ],
    }),
    conv("conv4", "pool", 2, true),
    relu("relu4", "conv4"),
    node(ops.globalAverage, "average", ["relu4"], { keepDims: false }),
    node(ops.dense, "logits", ["average"], {}, of("logits", "kernel", "bias")),
  ]);
}

function optionsOf(changes: Partial<TrainOptions>): TrainOptions {
  return {
    network: small(),
    batch: reference.batch,
    slopes: { forward: 0, backward: 0.2 },
    optimizer: { kind: "adamw", weightDecay: 0 },
    labelSmoothing: reference.labelSmoothing,
    precision: "float32",
    ...changes,
  };
}

function batchOf(step: number): [Float32Array, Int32Array] {
  const size = reference.images.data.length / reference.labels.length;
  return [
    reference.images.data.subarray(step * size, (step + 1) * size),
    Int32Array.from(reference.labels[step] ?? []),
  ];
}

function expectClose(
  ours: Weight | undefined,
  theirs: Weight,
  limits: { cosine: number; norm: number },
): void {
  expect(ours?.shape).toEqual(theirs.shape);
  const values = ours?.data ?? [];
  expect(cosine(values, theirs.data)).toBeGreaterThan(limits.cosine);
  expect(Math.abs(norm(values) / norm(theirs.data) - 1)).toBeLessThan(
    limits.norm,
  );
}

describe.each(reference.gradients)(
  "forward slope $forward, backward slope $backward",
  ({ forward, backward, loss, weights }) => {
    it("gives PyTorch's loss and gradients of every weight", ({ skip }) => {
      if (!runtime) return skip("native TensorFlow is not built");
      const step = compileTrainStep(
        optionsOf({ slopes: { forward, backward } }),
        runtime,
      );
      const result = step.advance(...batchOf(0), 0);
      // after one step the first moments are 0.1 of the gradients
      const { moments } = step.state();
      step.dispose();
      expect(result.loss).toBeCloseTo(loss, 5);
      expect(Object.keys(moments.first).sort()).toEqual(
        Object.keys(weights).sort(),
      );
      for (const [key, { shape, data }] of Object.entries(weights))
        expectClose(
          moments.first[key],
          { shape, data: data.map((v) => v * 0.1) },
          { cosine: 0.999999, norm: 1e-5 },
        );
    });
  },
);

describe.each(reference.optimizers)("$kind", (expected) => {
  const { kind, weightDecay, learningRate, losses, weights } = expected;
  it("takes PyTorch's steps", ({ skip }) => {
    if (!runtime) return skip("native TensorFlow is not built");
    const step = compileTrainStep(
      optionsOf({ optimizer: { kind, weightDecay } }),
      runtime,
    );
    losses.forEach((loss, i) => {
      const result = step.advance(...batchOf(i), learningRate);
      expect(result.loss).toBeCloseTo(loss, 4);
    });
    const state = step.state();
    const evaluated = step.evaluate(...batchOf(0), 4);
    step.dispose();
    expect(state.step).toBe(losses.length);
    expect(Object.keys(state.weights).sort()).toEqual(
      Object.keys(weights).sort(),
    );
    for (const [key, theirs] of Object.entries(weights))
      expectClose(state.weights[key], theirs, { cosine: 0.999999, norm: 1e-5 });
    expect(evaluated.loss).toBeCloseTo(expected.evaluated, 3);
    expect(evaluated.correct).toBe(expected.correct);
  });
});

/** Training as a whole: it learns by heart, goes on where it stopped, and says what it cannot do. */
import { engine } from "@tensorflow/tfjs-core";
import { beforeAll, expect, it } from "vitest";
import {
  architectures,
  compileTrainStep,
  scoreImages,
  softmax,
  type NativeRuntime,
  type TrainOptions,
  type TrainState,
  type TrainStep,
} from "../../../src/engine";
import { randomStream } from "../../../src/engine/random";
import { openBackend } from "../../../src/main/host/backend";
import { cosine, mean } from "../../support/vectors";

let runtime: NativeRuntime | null = null;
beforeAll(async () => {
  runtime = (await openBackend()).runtime;
});

const side = 12;
const classes = 10;
const pixels = side * side * 3;

/** Seeded noise with seeded labels: nothing but memory tells which is which. */
function pictures(count: number): { images: Float32Array; labels: Int32Array } {
  const random = randomStream(5);
  return {
    images: Float32Array.from({ length: count * pixels }, () =>
      Math.max(-1, Math.min(1, 0.5 * random.normal())),
    ),
    labels: Int32Array.from({ length: count }, () =>
      Math.floor(random.uniform() * classes),
    ),
  };
}

function optionsOf(changes: Partial<TrainOptions> = {}): TrainOptions {
  return {
    network: architectures["small-cnn"].build({
      input: [side, side, 3],
      classes,
      seed: 1,
    }),
    batch: 40,
    slopes: { forward: 0, backward: 0.1 },
    optimizer: { kind: "adamw", weightDecay: 0.01 },
    labelSmoothing: 0,
    precision: "float32",
    ...changes,
  };
}

it("learns 200 pictures by heart", { timeout: 60_000 }, ({ skip }) => {
  if (!runtime) return skip("native TensorFlow is not built");
  const step = compileTrainStep(optionsOf(), runtime);
  const { images, labels } = pictures(200);
  const losses: number[] = [];
  const batches = 200 / step.batch;
  for (let i = 0; i < 16 * batches; i++) {
    const from = (i % batches) * step.batch;
    const { loss } = step.advance(
      images.subarray(from * pixels, (from + step.batch) * pixels),
      labels.subarray(from, from + step.batch),
      2e-3,
    );
    losses.push(loss);
  }
  let correct = 0;
  for (let from = 0; from < 200; from += step.batch)
    correct += step.evaluate(
      images.subarray(from * pixels),
      labels.subarray(from),
      step.batch,
    ).correct;
  step.dispose();
  expect(losses.at(-1)).toBeLessThan(0.1 * (losses[0] ?? 0));
  expect(correct / 200).toBeGreaterThan(0.99);
});

it.for(
  Object.entries(architectures).flatMap(([name, architecture]) =>
    (["adamw", "lamb"] as const).map((kind) => ({ name, architecture, kind })),
  ),
)("lowers the loss of $name with $kind", ({ architecture, kind }, { skip }) => {
  if (!runtime) return skip("native TensorFlow is not built");
  const network = architecture.build({ input: [32, 32, 3], classes, seed: 2 });
  const step = compileTrainStep(
    optionsOf({
      network,
      batch: 8,
      optimizer: { kind, weightDecay: 0.05 },
      slopes: { forward: 0, backward: 0.2 },
    }),
    runtime,
  );
  const random = randomStream(6);
  const images = Float32Array.from({ length: 8 * 32 * 32 * 3 }, () =>
    Math.tanh(random.normal()),
  );
  const labels = Int32Array.from({ length: 8 }, (_, i) => i);
  const losses = Array.from(
    { length: 8 },
    () => step.advance(images, labels, kind === "adamw" ? 1e-3 : 1e-2).loss,
  );
  step.dispose();
  expect(losses.at(-1)).toBeLessThan(0.8 * (losses[0] ?? 0));
});

it("goes on to the bit where it stopped", ({ skip }) => {
  if (!runtime) return skip("native TensorFlow is not built");
  const { images, labels } = pictures(80);
  const train = (step: TrainStep, from: number, to: number) => {
    for (let i = from; i < to; i++) {
      const first = (i % 2) * 40;
      step.advance(
        images.subarray(first * pixels, (first + 40) * pixels),
        labels.subarray(first, first + 40),
        1e-3 * (i + 1),
      );
    }
  };
  const unbroken = compileTrainStep(optionsOf(), runtime);
  train(unbroken, 0, 6);
  const before = compileTrainStep(optionsOf(), runtime);
  train(before, 0, 3);
  const state = before.state();
  train(before, 3, 4);
  const resumed = compileTrainStep(optionsOf(), runtime);
  resumed.restore(state);
  expectEqual(resumed.state(), state);
  train(resumed, 3, 6);
  expectEqual(resumed.state(), unbroken.state());
  expect(resumed.state().step).toBe(6);
  for (const step of [unbroken, before, resumed]) step.dispose();
});

it("keeps no tensors, from step to step or in the end", ({ skip }) => {
  if (!runtime) return skip("native TensorFlow is not built");
  const { images, labels } = pictures(40);
  const atFirst = engine().state.numTensors;
  const step = compileTrainStep(optionsOf(), runtime);
  const whileTraining = engine().state.numTensors;
  for (let i = 0; i < 3; i++) {
    step.advance(images, labels, 1e-3);
    step.evaluate(images, labels, 40);
    step.state();
    step.network();
    expect(engine().state.numTensors).toBe(whileTraining);
  }
  step.dispose();
  expect(engine().state.numTensors).toBe(atFirst);
});

it.for([
  { batchNorm: true, slopes: { forward: 0, backward: 0.1 } },
  { batchNorm: true, slopes: { forward: 0.3, backward: 0.3 } },
  { batchNorm: false, slopes: { forward: 0, backward: 0.1 } },
  { batchNorm: false, slopes: { forward: 0.3, backward: 0.3 } },
])(
  "trains in bfloat16 nearly as in float32: batch norm $batchNorm, forward slope $slopes.forward",
  ({ batchNorm, slopes }, { skip }) => {
    if (!runtime) return skip("native TensorFlow is not built");
    const native = runtime;
    const { images, labels } = pictures(40);
    const network = architectures["small-cnn"].build({
      input: [side, side, 3],
      classes,
      seed: 1,
      batchNorm,
    });
    const results = (["float32", "bfloat16"] as const).map((precision) => {
      const options = optionsOf({ network, slopes, precision });
      const step = compileTrainStep(options, native);
      const { loss } = step.advance(images, labels, 1e-3);
      const { first } = step.state().moments;
      step.dispose();
      return { loss, first };
    });
    const [wide, narrow] = results;
    expect(narrow?.loss).toBeCloseTo(wide?.loss ?? NaN, 1);
    for (const [key, { data }] of Object.entries(wide?.first ?? {}))
      expect(cosine(narrow?.first[key]?.data ?? [], data), key).toBeGreaterThan(
        0.95,
      );
  },
);

it("shows the network what its preprocessing makes of the pictures", ({
  skip,
}) => {
  if (!runtime) return skip("native TensorFlow is not built");
  const { images, labels } = pictures(40);
  const { network } = optionsOf();
  const mean = [104, 117, 124];
  const preprocessing = { order: "BGR" as const, mean, std: [58] };
  const processed = images.map((_, i) => {
    const channel = i % 3;
    const x = images[i - channel + 2 - channel] ?? NaN;
    return (127.5 * (x + 1) - (mean[channel] ?? NaN)) / 58;
  });
  const inside = compileTrainStep(
    optionsOf({ network: { ...network, preprocessing } }),
    runtime,
  );
  const outside = compileTrainStep(optionsOf(), runtime);
  for (let i = 0; i < 3; i++) {
    const ours = inside.advance(images, labels, 1e-4);
    const theirs = outside.advance(processed, labels, 1e-4);
    expect(ours.loss).toBeCloseTo(theirs.loss, 3);
  }
  expect(inside.evaluate(images, labels, 40).loss).toBeCloseTo(
    outside.evaluate(processed, labels, 40).loss,
    3,
  );
  inside.dispose();
  outside.dispose();
});

it("evaluates the network it gives, with its own slope", ({ skip }) => {
  if (!runtime) return skip("native TensorFlow is not built");
  const { images, labels } = pictures(43);
  const step = compileTrainStep(
    optionsOf({ slopes: { forward: 0.3, backward: 0.3 } }),
    runtime,
  );
  step.advance(images.subarray(0, 40 * pixels), labels.subarray(0, 40), 1e-3);
  const scored = scoreImages({ network: step.network(), runtime }, [
    images.subarray(40 * pixels, 41 * pixels),
    images.subarray(41 * pixels, 42 * pixels),
    images.subarray(42 * pixels),
  ]);
  const last = step.evaluate(
    images.subarray(40 * pixels),
    labels.subarray(40),
    3,
  );
  const slopes = step
    .network()
    .nodes.flatMap(({ attributes }) =>
      "slope" in attributes ? [attributes.slope] : [],
    );
  step.dispose();
  const losses = scored.map(
    (row, i) => -Math.log(softmax(row)[labels[40 + i] ?? 0] ?? NaN),
  );
  expect(slopes).toEqual([0.3, 0.3, 0.3, 0.3]);
  expect(last.loss).toBeCloseTo(mean(losses), 4);
});

it("refuses what it cannot do", ({ skip }) => {
  expect(() => compileTrainStep(optionsOf(), null)).toThrow(
    /native TensorFlow/,
  );
  if (!runtime) return skip("native TensorFlow is not built");
  const step = compileTrainStep(optionsOf(), runtime);
  const { images, labels } = pictures(40);
  expect(() =>
    step.advance(
      images,
      labels.map(() => classes),
      1e-3,
    ),
  ).toThrow(/A label is 10, and the network has 10 classes/);
  expect(() => step.advance(images, labels.subarray(1), 1e-3)).toThrow(
    /39 labels for 40 images/,
  );
  const state = step.state();
  const { "conv1/kernel": _, ...weights } = state.weights;
  expect(() => {
    step.restore({ ...state, weights });
  }).toThrow(/no values of "conv1\/kernel"/);
  // as it was
  expectEqual(step.state(), state);
  step.dispose();
});

/** To the bit; the test runner's own comparison takes seconds for so many values. */
function expectEqual(a: TrainState, b: TrainState): void {
  const parts = ({ weights, moments }: TrainState) => [
    weights,
    moments.first,
    moments.second,
  ];
  expect(a.step).toBe(b.step);
  parts(a).forEach((ours, i) => {
    const theirs = parts(b)[i] ?? {};
    expect(Object.keys(ours)).toEqual(Object.keys(theirs));
    for (const [key, { shape, data }] of Object.entries(ours)) {
      expect(shape).toEqual(theirs[key]?.shape);
      const other = theirs[key]?.data ?? new Float32Array();
      expect(Buffer.compare(bytes(data), bytes(other)), key).toBe(0);
    }
  });
}

function bytes({ buffer, byteOffset, byteLength }: Float32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

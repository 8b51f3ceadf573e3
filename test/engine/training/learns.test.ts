/** Training as a whole: it learns by heart, goes on where it stopped, and says what it cannot do. */
import { beforeAll, expect, it } from "vitest";
import { architectures, compileTrainStep } from "../../../src/engine";
import type { NativeRuntime, TrainOptions } from "../../../src/engine";
import { randomStream } from "../../../src/engine/random";
import { openBackend } from "../../../src/main/host/backend";

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

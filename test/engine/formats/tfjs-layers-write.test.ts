/** What is written is read back, by Proxima and by TensorFlow.js itself, with the same logits. */
import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it } from "vitest";
import {
  architectures,
  openNetwork,
  writeLayersModel,
  type Network,
} from "../../../src/engine";
import { node, type Node } from "../../../src/engine/network/op";
import * as ops from "../../../src/engine/network/ops/index";
import { randomStream } from "../../../src/engine/random";
import { openBackend } from "../../../src/main/host/backend";
import { network, randomWeight } from "../../support/small-networks";
import { logitsOf, predict, randomImages } from "./layers-model";
import { memoryFiles, readOptions } from "./memory-files";

beforeAll(async () => {
  await openBackend();
});

/** Statistics as training leaves them, and rectifiers of that slope. */
function asTrained(untrained: Network, slope: number): Network {
  const random = randomStream(3);
  const nodes = untrained.nodes.map((n): Node => {
    if (n.op.rectifier) return { ...n, attributes: { slope, ceiling: null } };
    if (n.op.kind !== "batch-norm") return n;
    const weights = Object.fromEntries(
      Object.entries(n.weights).map(([name, { shape, data }]) => {
        const centre = name === "gamma" || name === "variance" ? 1 : 0;
        const values = data.map(() => centre + 0.4 * (random.uniform() - 0.5));
        return [name, { shape, data: values }];
      }),
    );
    return { ...n, weights };
  });
  return { ...untrained, nodes };
}

interface Layer {
  readonly config: Record<string, unknown>;
}

async function expectSame(written: Network): Promise<void> {
  const { model, weights } = writeLayersModel(written);
  const files = memoryFiles({ "model.json": model, "weights.bin": weights });
  const read = (await openNetwork(files, readOptions)).network;
  const { modelTopology, weightsManifest } = model as {
    modelTopology: { model_config: { config: { layers: Layer[] } } };
    weightsManifest: { weights: tf.io.WeightsManifestEntry[] }[];
  };
  // TensorFlow.js draws weights before it reads them, which takes long
  const zeros = { class_name: "Zeros", config: {} };
  for (const { config } of modelTopology.model_config.config.layers)
    config["kernel_initializer"] = zeros;
  const foreign = await tf.loadLayersModel(
    tf.io.fromMemory({
      modelTopology,
      weightSpecs: weightsManifest.flatMap((group) => group.weights),
      weightData: weights.slice().buffer,
    }),
  );
  const images = randomImages(written.input);
  const expected = logitsOf(written, images);
  const largest = Math.max(...expected.map(Math.abs));
  expect(largest).toBeGreaterThan(0.01);
  const founds = {
    read: logitsOf(read, images),
    foreign: predict(foreign, images),
  };
  for (const [who, found] of Object.entries(founds)) {
    expect(found.length).toBe(expected.length);
    for (const [i, value] of expected.entries())
      expect(Math.abs((found[i] ?? NaN) - value), who).toBeLessThan(
        1e-5 * largest,
      );
  }
  expect(read.nodes.filter(({ op }) => op.rectifier)).toHaveLength(
    written.nodes.filter(({ op }) => op.rectifier).length,
  );
}

describe("a written network", () => {
  it.each([
    ["small-cnn", 0],
    ["small-cnn", 0.2],
    ["resnet18-half", 0.2],
    ["pfnet18", 0],
    ["pfnet18", 0.2],
  ] as const)("gives %s with slope %d back", async (name, slope) => {
    const input = [40, 32, 3] as const;
    const built = architectures[name].build({ input, classes: 5, seed: 1 });
    await expectSame(asTrained(built, slope));
  });

  it("may have every padding, groups, a ceiling, and names that Keras would not take", async () => {
    const pads = [
      [1, 0],
      [2, 1],
    ] as const;
    const map = { strides: [2, 2], dilations: [1, 1] } as const;
    const kernel = (shape: number[], seed: number) =>
      randomWeight(shape, 0.4, seed);
    await expectSame(
      network(
        [11, 9, 4],
        [
          node(
            ops.conv2d,
            "a/conv 1",
            ["input"],
            { ...map, padding: pads, groups: 1 },
            { kernel: kernel([3, 3, 4, 6], 1), bias: kernel([6], 2) },
          ),
          node(ops.rectifier, "a:six", ["a/conv 1"], { slope: 0, ceiling: 6 }),
          node(
            ops.depthwiseConv2d,
            "a_conv_1",
            ["a:six"],
            // tfjs-layers leaves dilations of this layer out
            { strides: [1, 1], dilations: [1, 1], padding: "same" },
            { kernel: kernel([3, 3, 6, 2], 3) },
          ),
          node(ops.zeroPad, "zeros", ["a_conv_1"], { padding: pads }),
          node(ops.maxPool, "pool", ["zeros"], {
            window: [2, 2],
            strides: [2, 2],
            padding: "valid",
          }),
          node(
            ops.batchNorm,
            "norm",
            ["pool"],
            { epsilon: 1e-3 },
            { beta: kernel([12], 4) },
          ),
          node(ops.multiply, "square", ["norm", "pool"], {}),
          node(ops.flatten, "flat", ["square"], {}),
          node(
            ops.dense,
            "logits",
            ["flat"],
            {},
            { kernel: kernel([12 * 4 * 3, 3], 5) },
          ),
        ],
      ),
    );
  });

  it("names an operation that Keras has no layer for", () => {
    const gathered = node(ops.erf, "error", ["input"], {});
    expect(() => writeLayersModel(network([4, 4, 3], [gathered]))).toThrow(
      'Node "error" (erf) cannot be written as a Keras layer.',
    );
  });
});

import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it } from "vitest";
import { openNetwork, type Network } from "../../../src/engine";
import { openBackend } from "../../../src/main/host/backend";
import { openNetworkAt } from "../../../src/main/host/networks";
import { bundledNetwork, squeezeNet } from "../../support/networks";
import { norm } from "../../support/vectors";
import {
  folderOf,
  handwritten,
  loadFrom,
  logitsOf,
  predict,
  randomImages,
  randomise,
  save,
} from "./layers-model";
import { memoryFiles, readOptions } from "./memory-files";

const { layers } = tf;

beforeAll(async () => {
  await openBackend();
});

async function open(model: tf.LayersModel): Promise<Network> {
  randomise(model, 5);
  const files = memoryFiles(folderOf(await save(model)));
  return (await openNetwork(files, readOptions)).network;
}

function expectClose(
  actual: Float32Array,
  expected: Float32Array,
  tolerance = 1e-4,
): void {
  expect(actual.length).toBe(expected.length);
  expect(norm(expected)).toBeGreaterThan(0);
  const difference = actual.map((v, i) => v - (expected[i] ?? NaN));
  expect(norm(difference)).toBeLessThan(tolerance * norm(expected));
}

/** The network gives what the model gives, or one of its layers. */
function expectParity(
  network: Network,
  model: tf.LayersModel,
  layer?: string,
): void {
  const images = randomImages(network.input);
  expectClose(logitsOf(network, images), predict(model, images, layer));
  images.dispose();
}

const kinds = (network: Network) => network.nodes.map((n) => n.op.kind);

describe("whole networks", () => {
  it("computes the bundled network's logits", async () => {
    const network = await openNetworkAt(bundledNetwork);
    expectParity(network, await loadFrom(bundledNetwork), "logits");
    expect(network.input).toEqual([128, 128, 3]);
    expect(network.labels).toHaveLength(101);
    expect(network.labels[2]).toBe("Leopards");
    expect(network.preprocessing?.std).toEqual([127.5, 127.5, 127.5]);
    expect(network.maximises).toBe("class logit");
    expect(kinds(network).filter((k) => k === "rectifier")).toHaveLength(17);
  });

  it.skipIf(!squeezeNet)(
    "computes SqueezeNet's logits from 8-bit weights, and keeps the last rectifier",
    async () => {
      const network = await openNetworkAt(squeezeNet ?? "");
      const model = await loadFrom(squeezeNet ?? "");
      expectParity(network, model, "global_average_pooling2d_1");
      expect(network.output).toBe("global_average_pooling2d_1");
      expect(network.provenance.stripped).toEqual(["softmax"]);
      expect(kinds(network).filter((k) => k === "rectifier")).toHaveLength(26);
      expect(network.labels[144]).toBe("pelican");
      expect(network.preprocessing?.order).toBe("BGR");
    },
  );
});

describe("layers", () => {
  it("are read from a Sequential model", async () => {
    const model = tf.sequential({
      layers: [
        layers.conv2d({
          inputShape: [17, 14, 3],
          filters: 6,
          kernelSize: [3, 4],
          strides: 2,
          padding: "same",
          activation: "relu",
        }),
        layers.batchNormalization(),
        layers.reLU({ maxValue: 0.7 }),
        layers.depthwiseConv2d({
          kernelSize: 3,
          depthMultiplier: 2,
          padding: "same",
          activation: "relu6",
        }),
        layers.leakyReLU({ alpha: 0.15 }),
        layers.maxPooling2d({ poolSize: 3, strides: 1, padding: "same" }),
        layers.separableConv2d({
          filters: 8,
          kernelSize: 3,
          depthMultiplier: 2,
          strides: 2,
          padding: "same",
          useBias: false,
        }),
        layers.elu(),
        layers.averagePooling2d({ poolSize: 2, padding: "same" }),
        layers.dropout({ rate: 0.5 }),
        layers.gaussianNoise({ stddev: 1 }),
        layers.flatten(),
        layers.dense({ units: 9, activation: "tanh" }),
        layers.dense({ units: 5, useBias: false, name: "logits" }),
        layers.softmax(),
      ],
    });
    const network = await open(model);
    expectParity(network, model, "logits");
    expect(network.output).toBe("logits");
    expect(network.maximises).toContain("softmax was taken off");
    expect(kinds(network)).toEqual([
      "conv2d",
      "rectifier",
      "batch-norm",
      "rectifier",
      "depthwise-conv2d",
      "rectifier",
      "rectifier",
      "max-pool",
      "depthwise-conv2d",
      "conv2d",
      "elu",
      "average-pool",
      "flatten",
      "dense",
      "tanh",
      "dense",
    ]);
  });

  it("are read from a functional model with branches", async () => {
    const input = tf.input({ shape: [12, 11, 3], name: "picture" });
    const padded = layers
      .zeroPadding2d({
        padding: [
          [1, 0],
          [2, 1],
        ],
      })
      .apply(input);
    const conv = (filters: number, options = {}) =>
      layers.conv2d({ filters, kernelSize: 3, ...options });
    const a = conv(4, { dilationRate: 2, padding: "same" }).apply(padded);
    const b = conv(4, { padding: "same", activation: "selu" }).apply(padded);
    const sum = layers.add().apply([a, b] as tf.SymbolicTensor[]);
    const product = layers.multiply().apply([a, sum] as tf.SymbolicTensor[]);
    const slopes = layers
      .prelu({ sharedAxes: [1, 2] })
      .apply(product) as tf.SymbolicTensor;
    const free = layers.prelu({}).apply(sum) as tf.SymbolicTensor;
    const all = layers
      .concatenate()
      .apply([slopes, free, a] as tf.SymbolicTensor[]);
    const pooled = layers.maxPooling2d({ poolSize: [2, 3] }).apply(all);
    const mean = layers.globalAveragePooling2d({}).apply(pooled);
    const max = layers
      .globalMaxPooling2d({})
      .apply(pooled) as tf.SymbolicTensor;
    const both = layers
      .concatenate({ axis: -1 })
      .apply([mean as tf.SymbolicTensor, max]);
    const map = layers.reshape({ targetShape: [2, 2, 6] }).apply(both);
    const flat = layers.flatten().apply(map);
    const norm = layers
      .batchNormalization({ scale: false, center: false, epsilon: 0.01 })
      .apply(flat);
    const output = layers
      .dense({ units: 4, activation: "softmax", name: "classes" })
      .apply(norm) as tf.SymbolicTensor;
    const model = tf.model({ inputs: input, outputs: output });
    const network = await open(model);
    expect(network.output).toBe("classes");
    expect(network.provenance.stripped).toEqual(["softmax"]);
    // the model only gives probabilities: so do the network's logits, through softmax
    const images = randomImages(network.input);
    const logits = tf.tensor2d(logitsOf(network, images), [2, 4]);
    expectClose(
      tf.softmax(logits).dataSync<"float32">(),
      predict(model, images),
    );
  });

  it.each([
    "relu",
    "relu6",
    "sigmoid",
    "tanh",
    "elu",
    "selu",
    "softplus",
    "swish",
    "gelu",
    "gelu_new",
    "hardSigmoid",
    "linear",
  ] as const)("have the activation %s", async (activation) => {
    const model = tf.sequential({
      layers: [
        layers.dense({ inputShape: [3, 4, 3], units: 5, activation }),
        layers.activation({ activation }),
        layers.flatten(),
        layers.dense({ units: 3 }),
      ],
    });
    expectParity(await open(model), model);
  });

  it("are read from models inside a model, and when they are called twice", async () => {
    const inner = tf.sequential({
      name: "inner",
      layers: [
        layers.conv2d({
          name: "shared",
          inputShape: [9, 9, 4],
          filters: 4,
          kernelSize: 3,
          padding: "same",
        }),
        layers.reLU(),
      ],
    });
    const input = tf.input({ shape: [9, 9, 4] });
    const other = layers.conv2d({
      name: "other",
      filters: 4,
      kernelSize: 1,
      activation: "relu",
    });
    const once = other.apply(inner.apply(input));
    const twice = other.apply(once) as tf.SymbolicTensor;
    const pooled = layers
      .globalAveragePooling2d({})
      .apply(twice) as tf.SymbolicTensor;
    const model = tf.model({ inputs: input, outputs: pooled });
    const network = await open(model);
    expectParity(network, model);
    const names = network.nodes.map((n) => n.name);
    expect(names).toContain("inner/shared");
    expect(new Set(names).size).toBe(names.length);
  });

  it("are read where only Keras has them, and in Keras' other spellings", async () => {
    const files = memoryFiles(
      handwritten([
        ["Rescaling", { scale: 0.5, offset: -1 }],
        ["ZeroPadding2D", { padding: 2 }],
        ["ZeroPadding2D", { padding: [1, 0] }],
        ["SpatialDropout2D", { rate: 0.5 }],
        ["ReLU", { max_value: [3], negative_slope: { value: 0.25 } }],
        ["LeakyReLU", { negative_slope: 0.125 }],
        ["ELU", { alpha: 0.5 }],
        ["MaxPooling2D", { pool_size: 2, strides: null }],
        ["GlobalAveragePooling2D", { keepdims: true }],
        ["ActivityRegularization", {}],
        [
          "Activation",
          { activation: { class_name: "function", config: "silu" } },
        ],
        ["Reshape", { target_shape: [-1] }],
      ]),
    );
    const { network } = await openNetwork(files, readOptions);
    const shapes = network.nodes.map((n) => network.shapes.get(n.name)?.join());
    expect(kinds(network)).toEqual([
      "batch-norm",
      "zero-pad",
      "zero-pad",
      "rectifier",
      "rectifier",
      "elu",
      "max-pool",
      "global-average-pool",
      "swish",
      "reshape",
    ]);
    expect(shapes[1]).toBe("8,9,3");
    expect(shapes[2]).toBe("10,9,3");
    expect(shapes[6]).toBe("5,4,3");
    expect(shapes.at(-1)).toBe("3");
    expect(network.nodes[3]?.attributes).toEqual({ slope: 0.25, ceiling: 3 });
    expect(network.nodes[4]?.attributes).toEqual({
      slope: 0.125,
      ceiling: null,
    });
    expect(network.nodes[5]?.attributes).toEqual({ alpha: 0.5 });
    // an image of 4 becomes 4 x 5 ones among zeros, 9 of 20 windows see one: silu(9 / 20)
    const image = tf.fill([1, 4, 5, 3], 4);
    const silu = 0.45 / (1 + Math.exp(-0.45));
    for (const v of logitsOf(network, image)) expect(v).toBeCloseTo(silu, 5);
  });

  it("named as the engine's own input do not clash with it", async () => {
    const model = tf.sequential({
      layers: [
        layers.dense({ name: "input", inputShape: [2, 2, 3], units: 2 }),
        layers.flatten(),
      ],
    });
    expectParity(await open(model), model);
  });
});

describe("what is maximised", () => {
  const conv = (activation: "softmax" | "sigmoid" | "tanh" | "linear") =>
    tf.sequential({
      layers: [
        layers.conv2d({
          inputShape: [6, 5, 3],
          filters: 4,
          kernelSize: 2,
          activation,
        }),
      ],
    });

  /** The mean over a model's output map, channel by channel. */
  function means(model: tf.LayersModel, images: tf.Tensor): Float32Array {
    const [, ...shape] = model.outputShape as number[];
    const map = tf.tensor(predict(model, images), [2, ...shape]);
    return map.mean([1, 2]).dataSync<"float32">();
  }

  it("is the mean of a channel where the network ends in a map", async () => {
    const model = conv("linear");
    const network = await open(model);
    const images = randomImages(network.input);
    expectClose(logitsOf(network, images), means(model, images));
    expect(network.maximises).toBe("mean over the map (5 x 4) of a channel");
    expect(network.told.head).toEqual({ value: "map", from: "file" });
  });

  it("is named where the network ends in another activation", async () => {
    const model = conv("tanh");
    const network = await open(model);
    const images = randomImages(network.input);
    expectClose(logitsOf(network, images), means(model, images));
    expect(network.maximises).toMatch(/mean over the map .*\(tanh, "/);
    expect(network.provenance.stripped).toEqual([]);
  });

  it("is what went into a sigmoid over a map", async () => {
    const network = await open(conv("sigmoid"));
    expect(kinds(network)).toEqual(["conv2d", "global-average-pool"]);
    expect(network.provenance.stripped).toEqual(["sigmoid"]);
  });

  it("is what went into a softmax over the channels of a map", async () => {
    const network = await open(conv("softmax"));
    expect(kinds(network)).toEqual(["conv2d", "global-average-pool"]);
    expect(network.maximises).toMatch(/mean over the map .* softmax/);
  });

  it("is a logit where softmax is laid out anew afterwards", async () => {
    const model = tf.sequential({
      layers: [
        layers.globalAveragePooling2d({ inputShape: [6, 5, 3] }),
        layers.reshape({ targetShape: [1, 1, 3] }),
        layers.conv2d({ name: "logits", filters: 4, kernelSize: 1 }),
        layers.activation({ activation: "softmax" }),
        layers.reshape({ targetShape: [4] }),
      ],
    });
    const network = await open(model);
    expect(kinds(network)).not.toContain("softmax");
    expect(network.maximises).toBe(
      "class logit (a last softmax was taken off)",
    );
    expectParity(network, model, "logits");
  });

  it("is a logit where the map has one pixel, and a softmax in the middle stays", async () => {
    const model = tf.sequential({
      layers: [
        layers.conv2d({
          inputShape: [3, 2, 3],
          filters: 4,
          kernelSize: [3, 2],
          activation: "softmax",
        }),
        layers.conv2d({ filters: 3, kernelSize: 1 }),
      ],
    });
    const network = await open(model);
    expect(kinds(network)).toEqual(["conv2d", "softmax", "conv2d", "flatten"]);
    expect(network.maximises).toBe("class logit");
    expectParity(network, model);
  });
});

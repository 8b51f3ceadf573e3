/** Small networks built in memory, with seeded weights. */
import { inferShapes, type Network } from "../../src/engine/network/network";
import { node, type Node, type Weight } from "../../src/engine/network/op";
import { batchNorm } from "../../src/engine/network/ops/batch-norm";
import { concat } from "../../src/engine/network/ops/concat";
import { conv2d } from "../../src/engine/network/ops/conv2d";
import { dense } from "../../src/engine/network/ops/dense";
import { globalAverage } from "../../src/engine/network/ops/global-pool";
import { maxPool } from "../../src/engine/network/ops/max-pool";
import { add } from "../../src/engine/network/ops/merge";
import { rectifier } from "../../src/engine/network/ops/rectifier";
import { randomStream } from "../../src/engine/random";

export function network(
  input: readonly [number, number, number],
  nodes: readonly Node[],
  options: Partial<Network> = {},
): Network {
  return {
    name: "small",
    input,
    nodes,
    output: nodes.at(-1)?.name ?? "",
    shapes: inferShapes(input, nodes),
    labels: [],
    preprocessing: null,
    maximises: "class logit",
    told: { fixedSize: null, preprocessing: null },
    provenance: {
      format: "made in a test",
      hash: "0".repeat(64),
      producer: "",
      stripped: [],
      warnings: [],
    },
    ...options,
  };
}

export function weight(
  shape: readonly number[],
  values: ArrayLike<number>,
): Weight {
  return { shape, data: Float32Array.from(values) };
}

/** N(0, scale^2) weights, drawn from the seed. */
export function randomWeight(
  shape: readonly number[],
  scale: number,
  seed: number,
): Weight {
  const random = randomStream(seed, ...shape);
  const count = shape.reduce((a, b) => a * b, 1);
  return weight(
    shape,
    Array.from({ length: count }, () => scale * random.normal()),
  );
}

export function relu(name: string, input: string, slope = 0): Node {
  return node(rectifier, name, [input], { slope, ceiling: null });
}

function conv(
  name: string,
  input: string,
  kernel: Weight,
  stride: number,
): Node {
  const out = kernel.shape[3] ?? 1;
  return node(
    conv2d,
    name,
    [input],
    {
      strides: [stride, stride],
      dilations: [1, 1],
      padding: "same",
      groups: 1,
    },
    { kernel, bias: randomWeight([out], 0.1, out) },
  );
}

/**
 * A network with what the real ones have: a strided stem, batch norm, a skip, a concatenation, max pooling,
 * three rectifiers in a row of depth, global average and a dense layer.
 */
export function mixedNetwork(options: Partial<Network> = {}): Network {
  const nodes = [
    conv("stem", "input", randomWeight([3, 3, 3, 8], 0.3, 1), 2),
    node(
      batchNorm,
      "norm",
      ["stem"],
      { epsilon: 1e-3 },
      {
        gamma: weight([8], [1, 0.5, 1.5, 1, 1, 2, 0.8, 1.2]),
        beta: randomWeight([8], 0.2, 2),
        mean: randomWeight([8], 0.2, 3),
        variance: weight([8], [1, 2, 0.5, 1, 1.5, 1, 1, 0.7]),
      },
    ),
    relu("relu1", "norm"),
    conv("conv2", "relu1", randomWeight([3, 3, 8, 8], 0.2, 4), 1),
    node(add, "sum", ["relu1", "conv2"], {}),
    relu("relu2", "sum"),
    node(maxPool, "pool", ["relu2"], {
      window: [2, 2],
      strides: [2, 2],
      padding: "valid",
    }),
    conv("left", "pool", randomWeight([1, 1, 8, 4], 0.5, 5), 1),
    conv("right", "pool", randomWeight([3, 3, 8, 4], 0.3, 6), 1),
    node(concat, "both", ["left", "right"], {}),
    relu("relu3", "both"),
    node(globalAverage, "average", ["relu3"], { keepDims: false }),
    node(
      dense,
      "logits",
      ["average"],
      {},
      { kernel: randomWeight([8, 5], 0.7, 7), bias: randomWeight([5], 0.1, 8) },
    ),
  ];
  return network([17, 15, 3], nodes, options);
}

import { add, mul, tensor1d } from "@tensorflow/tfjs-core";
import type { Attribute, GraphBuilder, Ref } from "../../step/graph";
import { defineOp, type Emission, type EmitContext, type Node } from "../op";
import { channelsOf, damaged, optionalWeightOf, single } from "./check";
import { floatOf, only } from "./emitting";

export interface BatchNormAttributes {
  readonly epsilon: number;
}

/**
 * Batch normalization: y = (x - mean) / sqrt(variance + epsilon) * gamma + beta along the last dimension.
 * Weights, each [channel] and each optional: `gamma` (1), `beta` (0), `mean` (0), `variance` (1).
 * In training mean and variance (divided by n) are the batch's own, and `statistics` are what the weights of these
 * names follow.
 */
export const batchNorm = defineOp<BatchNormAttributes>({
  kind: "batch-norm",
  trainable: ["gamma", "beta"],
  running: ["mean", "variance"],

  infer(inputs, node) {
    const shape = single(inputs, node);
    const channels = channelsOf(shape, node);
    for (const name of ["gamma", "beta", "mean", "variance"])
      optionalWeightOf(node, name, [channels]);
    const { epsilon } = node.attributes;
    const variances = node.weights["variance"]?.data ?? [1];
    if (!variances.every((v) => v + epsilon > 0))
      damaged(node, "a variance is negative.");
    return shape;
  },

  eager(inputs, node) {
    const x = only(inputs);
    const { scale, offset } = affineOf(node, x.shape[x.rank - 1] ?? 0);
    return add(
      mul(x, tensor1d(Float32Array.from(scale))),
      tensor1d(Float32Array.from(offset)),
    );
  },

  emit(inputs, node, context) {
    const x = only(inputs);
    if (context.training) return emitTraining(x, node, context);
    const { graph } = context;
    const channels = x.shape[x.shape.length - 1] ?? 0;
    const affine = affineOf(node, channels);
    const scale = graph.floats(affine.scale, [channels], floatOf(x));
    return {
      output: emitAffine(graph, x, affine, scale),
      adjoint: (dy, { graph: reverse }) => [reverse.binary("Mul", dy, scale)],
    };
  },
});

/**
 * scale x + offset. In bfloat16 a product with one value a channel and a sum take three times as long as TensorFlow's
 * own batch norm, which rounds once and takes a rectifier after it along; in float32 TensorFlow makes the product and
 * the sum of it anyway.
 */
function emitAffine(
  graph: GraphBuilder,
  x: Ref,
  affine: { scale: Float64Array; offset: Float64Array },
  scale: Ref,
): Ref {
  const channels = affine.scale.length;
  if (x.dtype !== "bfloat16" || x.shape.length !== 4)
    return graph.binary(
      "AddV2",
      graph.binary("Mul", x, scale),
      graph.floats(affine.offset, [channels], floatOf(x)),
    );
  const vector = (values: ArrayLike<number>) =>
    graph.floats(values, [channels], "float32");
  return graph.add(
    "FusedBatchNormV3",
    [
      x,
      vector(affine.scale),
      vector(affine.offset),
      vector(new Float32Array(channels)),
      vector(new Float32Array(channels).fill(1)),
    ],
    {
      T: { type: x.dtype },
      U: { type: "float32" },
      epsilon: { float: 0 },
      exponential_avg_factor: { float: 1 },
      data_format: { string: "NHWC" },
      is_training: { bool: false },
    },
    { shape: x.shape },
  );
}

/** With the batch's own mean and variance, natively; scale, offset and statistics are float32 in any precision. */
function emitTraining(
  input: Ref,
  node: Node<BatchNormAttributes>,
  context: EmitContext,
): Emission {
  const { graph } = context;
  const channels = input.shape[input.shape.length - 1] ?? 0;
  const maps = input.shape.length === 4;
  const rows = input.shape.slice(0, -1).reduce((a, b) => a * b, 1);
  const asMap = (g: GraphBuilder, v: Ref) =>
    maps ? v : g.reshape(v, [rows, 1, 1, channels]);
  const x = asMap(graph, input);
  const vector = (name: string, missing: number) =>
    node.weights[name]
      ? graph.cast(context.weight(node, name), "float32")
      : graph.floats(new Float32Array(channels).fill(missing), [channels]);
  const gamma = vector("gamma", 1);
  const attributes: Record<string, Attribute> = {
    T: { type: x.dtype },
    U: { type: "float32" },
    epsilon: { float: node.attributes.epsilon },
    data_format: { string: "NHWC" },
    is_training: { bool: true },
  };
  const none = graph.floats([], [0]);
  const each = { shape: [channels], dtype: "float32" } as const;
  const [y, mean, variance, ...saved] = graph.addMany(
    "FusedBatchNormV3",
    [x, gamma, vector("beta", 0), none, none],
    { ...attributes, exponential_avg_factor: { float: 1 } },
    // the last is room for cuDNN
    [x, each, each, each, each, { shape: [], dtype: "float32" }],
  );
  if (!y || !mean || !variance) throw new RangeError("no outputs");
  // one node gives all three gradients
  const made = new Map<string, readonly Ref[]>();
  const gradients = (g: GraphBuilder, dy: Ref) => {
    let found = made.get(dy.name);
    if (!found)
      found = g.addMany(
        "FusedBatchNormGradV3",
        [asMap(g, dy), x, gamma, ...saved],
        attributes,
        [x, each, each],
      );
    made.set(dy.name, found);
    return found;
  };
  return {
    output: graph.reshape(y, input.shape),
    statistics: { mean, variance },
    adjoint(dy, { graph: reverse }) {
      const [dx] = gradients(reverse, dy);
      return [dx ? reverse.reshape(dx, input.shape) : null];
    },
    weightAdjoint(dy, { graph: reverse }) {
      const [, dGamma, dBeta] = gradients(reverse, dy);
      return {
        ...(node.weights["gamma"] && dGamma ? { gamma: dGamma } : {}),
        ...(node.weights["beta"] && dBeta ? { beta: dBeta } : {}),
      };
    },
  };
}

/** The same as y = scale x + offset, in float64. */
export function affineOf(
  node: Node<BatchNormAttributes>,
  channels: number,
): { scale: Float64Array; offset: Float64Array } {
  const { gamma, beta, mean, variance } = node.weights;
  const scale = Float64Array.from({ length: channels }, (_, i) => {
    const deviation = Math.sqrt(
      (variance?.data[i] ?? 1) + node.attributes.epsilon,
    );
    return (gamma?.data[i] ?? 1) / deviation;
  });
  const offset = scale.map(
    (s, i) => (beta?.data[i] ?? 0) - (mean?.data[i] ?? 0) * s,
  );
  return { scale, offset };
}

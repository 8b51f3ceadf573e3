import { add, mul, tensor1d } from "@tensorflow/tfjs-core";
import { defineOp, type Node } from "../op";
import { channelsOf, damaged, optionalWeightOf, single } from "./check";
import { floatOf, only } from "./emitting";

export interface BatchNormAttributes {
  readonly epsilon: number;
}

/**
 * Batch normalization at rest: y = (x - mean) / sqrt(variance + epsilon) * gamma + beta along the last dimension.
 * Weights, each [channel] and each optional: `gamma` (1), `beta` (0), `mean` (0), `variance` (1).
 */
export const batchNorm = defineOp<BatchNormAttributes>({
  kind: "batch-norm",

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

  emit(inputs, node, { graph }) {
    const x = only(inputs);
    const channels = x.shape[x.shape.length - 1] ?? 0;
    const affine = affineOf(node, channels);
    const scale = graph.floats(affine.scale, [channels], floatOf(x));
    const offset = graph.floats(affine.offset, [channels], floatOf(x));
    return {
      output: graph.binary("AddV2", graph.binary("Mul", x, scale), offset),
      adjoint: (dy, { graph: reverse }) => [reverse.binary("Mul", dy, scale)],
    };
  },
});

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

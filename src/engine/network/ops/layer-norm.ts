import {
  add,
  mean,
  mul,
  reshape,
  rsqrt,
  square,
  sub,
} from "@tensorflow/tfjs-core";
import { defineOp, type Node } from "../op";
import {
  count,
  damaged,
  optionalWeightOf,
  refuse,
  single,
  spell,
} from "./check";
import { only } from "./emitting";

export interface LayerNormAttributes {
  /** How many of the last dimensions are normalized together. */
  readonly dimensions: number;
  readonly epsilon: number;
}

/**
 * Layer normalization over the last dimensions: y = (x - mean) / sqrt(variance + epsilon) * gamma + beta.
 * Weights, of the shape of those dimensions and each optional: `gamma` (1), `beta` (0).
 * Computed in float32 whatever the precision.
 */
export const layerNorm = defineOp<LayerNormAttributes>({
  kind: "layer-norm",

  infer(inputs, node) {
    const shape = single(inputs, node);
    const { dimensions, epsilon } = node.attributes;
    if (
      !Number.isInteger(dimensions) ||
      dimensions < 1 ||
      dimensions > shape.length
    )
      damaged(
        node,
        `it normalizes ${dimensions} dimensions of ${spell(shape)}.`,
      );
    if (!(epsilon >= 0) || !Number.isFinite(epsilon))
      refuse(node, `its epsilon is ${epsilon}.`, "Epsilon is 0 or above.");
    const inner = shape.slice(-dimensions);
    optionalWeightOf(node, "gamma", inner);
    optionalWeightOf(node, "beta", inner);
    return shape;
  },

  eager(inputs, node, context) {
    const x = only(inputs);
    const { features, epsilon } = layout(node, x.shape);
    const flat = reshape(x, [x.size / features, features]);
    const centred = sub(flat, mean(flat, 1, true));
    const variance = mean(square(centred), 1, true);
    let y = mul(centred, rsqrt(add(variance, epsilon)));
    const { gamma, beta } = node.weights;
    if (gamma) y = mul(y, reshape(context.weight(node, "gamma"), [features]));
    if (beta) y = add(y, reshape(context.weight(node, "beta"), [features]));
    return reshape(y, x.shape);
  },

  emit(inputs, node, { graph }) {
    const x = only(inputs);
    const { features, epsilon } = layout(node, x.shape);
    const rows = count(x.shape) / features;
    const flat = graph.reshape(graph.cast(x, "float32"), [rows, features]);
    const centred = graph.binary(
      "Sub",
      flat,
      graph.reduce("Mean", flat, [1], true),
    );
    const variance = graph.reduce(
      "Mean",
      graph.unary("Square", centred),
      [1],
      true,
    );
    const factor = graph.unary(
      "Rsqrt",
      graph.binary("AddV2", variance, graph.scalar(epsilon)),
    );
    const unit = graph.binary("Mul", centred, factor);
    const { gamma, beta } = node.weights;
    const gain = gamma && graph.floats(gamma.data, [features]);
    let y = gain ? graph.binary("Mul", unit, gain) : unit;
    if (beta) y = graph.binary("AddV2", y, graph.floats(beta.data, [features]));
    return {
      output: graph.cast(graph.reshape(y, x.shape), x.dtype),
      // dx = (g - mean(g) - unit mean(g unit)) factor, with g = gamma dy
      adjoint(dy, { graph: g }) {
        const wide = g.reshape(g.cast(dy, "float32"), [rows, features]);
        const gained = gain ? g.binary("Mul", wide, gain) : wide;
        const level = g.reduce("Mean", gained, [1], true);
        const along = g.reduce(
          "Mean",
          g.binary("Mul", gained, unit),
          [1],
          true,
        );
        const rest = g.binary(
          "Sub",
          g.binary("Sub", gained, level),
          g.binary("Mul", unit, along),
        );
        const dx = g.reshape(g.binary("Mul", rest, factor), x.shape);
        return [g.cast(dx, x.dtype)];
      },
    };
  },
});

function layout(
  node: Node<LayerNormAttributes>,
  shape: readonly number[],
): { features: number; epsilon: number } {
  const { dimensions, epsilon } = node.attributes;
  return { features: count(shape.slice(-dimensions)), epsilon };
}

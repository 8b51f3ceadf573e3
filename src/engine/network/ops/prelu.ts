import { mul, neg, relu, reshape, sub } from "@tensorflow/tfjs-core";
import { defineOp } from "../op";
import { damaged, single, spell, weightOf } from "./check";
import { only } from "./emitting";

/**
 * Parametric ReLU: x for x > 0, alpha x elsewhere, with a learned slope for every channel (or every value).
 * It is no rectifier: a gradient rule leaves the slopes that were learned alone.
 * Weight: `alpha`, of the input's shape or 1 along dimensions that share a slope.
 */
export const prelu = defineOp<Record<string, never>>({
  kind: "prelu",
  activation: true,

  infer(inputs, node) {
    const shape = single(inputs, node);
    const alpha = node.weights["alpha"];
    if (!alpha) damaged(node, 'the weight "alpha" is missing.');
    const fits =
      alpha.shape.length === shape.length &&
      alpha.shape.every((d, i) => d === 1 || d === shape[i]);
    if (!fits)
      damaged(
        node,
        `the weight "alpha" ${spell(alpha.shape)} does not fit the input ${spell(shape)}.`,
      );
    weightOf(node, "alpha", alpha.shape);
    return shape;
  },

  eager(inputs, node, context) {
    const x = only(inputs);
    const alpha = context.weight(node, "alpha");
    const slopes = reshape(alpha, [1, ...alpha.shape]);
    return sub(relu(x), mul(relu(neg(x)), slopes));
  },

  emit(inputs, node, context) {
    const x = only(inputs);
    const { graph } = context;
    const alpha = context.weight(node, "alpha");
    const slopes = graph.reshape(alpha, [1, ...alpha.shape]);
    const negative = graph.unary("Relu", graph.unary("Neg", x));
    return {
      output: graph.binary(
        "Sub",
        graph.unary("Relu", x),
        graph.binary("Mul", negative, slopes),
      ),
      // a slope may be negative, so the input decides, not the value
      adjoint(dy, { graph: g }) {
        const passed = g.binary("ReluGrad", dy, x);
        const stopped = g.binary("Sub", dy, passed);
        return [g.binary("AddV2", passed, g.binary("Mul", stopped, slopes))];
      },
    };
  },
});

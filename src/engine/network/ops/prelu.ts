import { add, mul, neg, relu, step, tensor } from "@tensorflow/tfjs-core";
import type { GraphBuilder } from "../../step/graph";
import { defineOp, type Node, type Weight } from "../op";
import { damaged, single, spell } from "./check";
import { withGradient } from "./eagerly";
import { floatOf, only } from "./emitting";

type None = Record<string, never>;

/**
 * Parametric ReLU: a rectifier with a slope of its own for every channel (or every value).
 * Weight: `alpha`, of the input's shape or 1 along dimensions that share a slope. The method decides slope by slope.
 */
export const prelu = defineOp<None>({
  kind: "prelu",
  rectifier: true,
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
    return shape;
  },

  eager(inputs, node, context) {
    const alpha = alphaOf(node);
    const of = (which: "forward" | "backward") =>
      tensor(
        alpha.data.map((own) => context.slopes(own)[which]),
        [1, ...alpha.shape],
      );
    return withGradient(
      only(inputs),
      (x) => {
        const positive = relu(x);
        const negative = relu(neg(x));
        const value = add(positive, neg(mul(negative, of("forward"))));
        return { value, saved: [x, of("backward")] };
      },
      (dy, [x, slopes]) => {
        if (!x || !slopes) throw new RangeError("the input was not saved");
        const passed = mul(dy, step(x));
        const stopped = add(dy, neg(passed));
        return add(passed, mul(stopped, slopes));
      },
    );
  },

  emit(inputs, node, context) {
    const x = only(inputs);
    const alpha = alphaOf(node);
    const { graph } = context;
    const slopes = (g: GraphBuilder, of: (own: number) => number) =>
      g.floats(alpha.data.map(of), [1, ...alpha.shape], floatOf(x));
    const forward = slopes(graph, (own) => context.forwardSlope(own));
    const negative = graph.unary("Relu", graph.unary("Neg", x));
    const output = graph.binary(
      "Sub",
      graph.unary("Relu", x),
      graph.binary("Mul", negative, forward),
    );
    return {
      output,
      // A slope may be negative, so the input decides, not the value.
      adjoint(dy, reverse) {
        const g = reverse.graph;
        const passed = g.binary("ReluGrad", dy, x);
        const stopped = g.binary("Sub", dy, passed);
        const backward = slopes(g, (own) => reverse.backwardSlope(own));
        return [g.binary("AddV2", passed, g.binary("Mul", stopped, backward))];
      },
    };
  },
});

function alphaOf(node: Node<None>): Weight {
  const alpha = node.weights["alpha"];
  if (!alpha) throw new RangeError("a PReLU without slopes");
  return alpha;
}

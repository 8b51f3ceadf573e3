import { softmax as softmaxTensor } from "@tensorflow/tfjs-core";
import { defineOp } from "../op";
import { single } from "./check";
import { widely } from "./curve";
import { only } from "./emitting";

/** Softmax along the last dimension, in float32 whatever the precision. Formats take a last one off: runs maximise logits. */
export const softmax = defineOp<Record<string, never>>({
  kind: "softmax",
  activation: true,

  infer: single,

  eager: (inputs) => softmaxTensor(only(inputs)),

  emit(inputs, _node, { graph }) {
    const { y, backward } = wide(only(inputs), graph, {});
    return {
      output: y,
      adjoint: (dy, { graph: reverse }) => [backward(dy, reverse)],
    };
  },
});

const wide = widely((x, graph) => {
  const y = graph.unary("Softmax", x);
  return {
    y,
    // dx = y (dy - sum(y dy))
    backward(dy, g) {
      const last = [y.shape.length - 1];
      const mean = g.reduce("Sum", g.binary("Mul", dy, y), last, true);
      return g.binary("Mul", y, g.binary("Sub", dy, mean));
    },
  };
});

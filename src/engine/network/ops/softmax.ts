import { softmax as softmaxTensor } from "@tensorflow/tfjs-core";
import { defineOp } from "../op";
import { single } from "./check";
import { only, reduceExactly } from "./emitting";

/** Softmax along the last dimension. Formats take a last one off: runs maximise logits. */
export const softmax = defineOp<Record<string, never>>({
  kind: "softmax",
  activation: true,

  infer: single,

  eager: (inputs) => softmaxTensor(only(inputs)),

  emit(inputs, _node, { graph }) {
    const y = graph.unary("Softmax", only(inputs));
    const axis = y.shape.length - 1;
    return {
      output: y,
      // dx = y (dy - sum(y dy))
      adjoint(dy, { graph: reverse }) {
        const mean = reduceExactly(
          reverse,
          "Sum",
          reverse.binary("Mul", dy, y),
          [axis],
          true,
        );
        return [reverse.binary("Mul", y, reverse.binary("Sub", dy, mean))];
      },
    };
  },
});

import { reshape } from "@tensorflow/tfjs-core";
import { defineOp } from "../op";
import { damaged, weightOf } from "./check";

/**
 * A value that is the same for every image: a class token, a position embedding.
 * Weight: `value`, whose shape is the node's. Its input, the network's, only says that there is an image.
 *
 * The value has a batch of one, [1, ...], however many images there are: operations with several inputs
 * repeat it as they go. No gradient flows through it.
 */
export const constant = defineOp<Record<string, never>>({
  kind: "constant",

  infer(inputs, node) {
    if (inputs.length !== 1)
      damaged(node, `it has ${inputs.length} inputs and takes one.`);
    const shape = node.weights["value"]?.shape ?? [];
    if (shape.length === 0) damaged(node, "its value has no dimensions.");
    weightOf(node, "value", shape);
    return shape;
  },

  eager(_inputs, node, context) {
    const value = context.weight(node, "value");
    return reshape(value, [1, ...value.shape]);
  },

  emit(_inputs, node, context) {
    const value = context.weight(node, "value");
    return {
      output: context.graph.reshape(value, [1, ...value.shape]),
      adjoint: () => [null],
    };
  },
});

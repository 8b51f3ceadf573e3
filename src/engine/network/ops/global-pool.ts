import { maxPool, mean, reshape } from "@tensorflow/tfjs-core";
import { defineOp, type Node, type Shape } from "../op";
import { singleMap } from "./check";
import { rank4 } from "./eagerly";
import { floatOf, mapOf, only, reduceExactly } from "./emitting";
import { emitMaxPool } from "./max-pool";
import type { Window } from "./window";

export interface GlobalPoolAttributes {
  /** The output is a map of one pixel [1, 1, channel], not [channel]. */
  readonly keepDims: boolean;
}

/** The mean of each channel's map. */
export const globalAverage = defineOp<GlobalPoolAttributes>({
  kind: "global-average-pool",

  infer: inferGlobal,

  eager: (inputs, node) =>
    mean(rank4(only(inputs)), [1, 2], node.attributes.keepDims),

  emit(inputs, node, { graph }) {
    const x = only(inputs);
    const [batch, height, width, channels] = mapOf(x);
    const { keepDims } = node.attributes;
    return {
      output: reduceExactly(graph, "Mean", x, [1, 2], keepDims),
      adjoint(dy, { graph: reverse }) {
        const pixel = reverse.reshape(dy, [batch, 1, 1, channels]);
        const pixels = height * width;
        const equal = reverse.floats(
          new Float32Array(pixels).fill(1 / pixels),
          [1, height, width, 1],
          floatOf(x),
        );
        return [reverse.binary("Mul", pixel, equal)];
      },
    };
  },
});

/** The largest value of each channel's map; ties go to the first pixel. */
export const globalMax = defineOp<GlobalPoolAttributes>({
  kind: "global-max-pool",

  infer: inferGlobal,

  eager(inputs, node) {
    const x = rank4(only(inputs));
    const [batch, height, width, channels] = x.shape;
    const y = maxPool(x, [height, width], 1, "valid");
    return node.attributes.keepDims ? y : reshape(y, [batch, channels]);
  },

  emit(inputs, node, { graph }) {
    const x = only(inputs);
    const [batch, height, width, channels] = mapOf(x);
    const window: Window = {
      size: [height, width],
      strides: [1, 1],
      dilations: [1, 1],
      padding: "valid",
    };
    const pooled = emitMaxPool(graph, x, window);
    if (node.attributes.keepDims) return pooled;
    return {
      output: graph.reshape(pooled.output, [batch, channels]),
      adjoint: (dy, context) =>
        pooled.adjoint(
          context.graph.reshape(dy, [batch, 1, 1, channels]),
          context,
        ),
    };
  },
});

function inferGlobal(
  inputs: readonly Shape[],
  node: Node<GlobalPoolAttributes>,
): Shape {
  const [, , channels] = singleMap(inputs, node);
  return node.attributes.keepDims ? [1, 1, channels] : [channels];
}

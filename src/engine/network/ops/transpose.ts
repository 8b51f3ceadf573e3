import { transpose as transposeTensor } from "@tensorflow/tfjs-core";
import { defineOp } from "../op";
import { damaged, single, spell } from "./check";
import { only, transposeAxes } from "./emitting";

export interface TransposeAttributes {
  /** Axis i of the output is axis order[i] of the input, batch left out. */
  readonly order: readonly number[];
}

/** The axes in another order. */
export const transpose = defineOp<TransposeAttributes>({
  kind: "transpose",

  infer(inputs, node) {
    const shape = single(inputs, node);
    const { order } = node.attributes;
    const sorted = order.toSorted((a, b) => a - b);
    if (order.length !== shape.length || !sorted.every((axis, i) => axis === i))
      damaged(
        node,
        `${spell(order)} is no order of the axes of ${spell(shape)}.`,
      );
    return order.map((axis) => shape[axis] ?? 1);
  },

  eager: (inputs, node) =>
    transposeTensor(only(inputs), withBatch(node.attributes.order)),

  emit(inputs, node, { graph }) {
    const order = withBatch(node.attributes.order);
    const back = order.map((_, axis) => order.indexOf(axis));
    return {
      output: transposeAxes(graph, only(inputs), order),
      adjoint: (dy, { graph: reverse }) => [transposeAxes(reverse, dy, back)],
    };
  },
});

/** The batch stays in front. */
function withBatch(order: readonly number[]): number[] {
  return [0, ...order.map((axis) => axis + 1)];
}

/** Operations that only lay the values out anew. Row-major order with channels last stays as it is. */
import { reshape as reshapeTensor } from "@tensorflow/tfjs-core";
import { defineOp, type Emission, type Shape } from "../op";
import type { GraphBuilder, Ref } from "../../step/graph";
import { count, damaged, single, spell } from "./check";
import { batchOf, only } from "./emitting";

export interface ReshapeAttributes {
  /** The new shape, batch left out. */
  readonly shape: Shape;
}

export const reshape = defineOp<ReshapeAttributes>({
  kind: "reshape",

  infer(inputs, node) {
    const from = single(inputs, node);
    const { shape } = node.attributes;
    if (
      shape.length === 0 ||
      !shape.every((d) => Number.isInteger(d) && d >= 1) ||
      count(shape) !== count(from)
    )
      damaged(node, `${spell(from)} cannot be laid out as ${spell(shape)}.`);
    return shape;
  },

  eager(inputs, node) {
    const x = only(inputs);
    return reshapeTensor(x, [x.shape[0] ?? 1, ...node.attributes.shape]);
  },

  emit: (inputs, node, { graph }) =>
    emitReshape(graph, only(inputs), node.attributes.shape),
});

/** [height, width, channel] -> [feature]. */
export const flatten = defineOp<Record<string, never>>({
  kind: "flatten",

  infer: (inputs, node) => [count(single(inputs, node))],

  eager(inputs) {
    const x = only(inputs);
    const batch = x.shape[0] ?? 1;
    return reshapeTensor(x, [batch, x.size / batch]);
  },

  emit(inputs, _node, { graph }) {
    const x = only(inputs);
    return emitReshape(graph, x, [count(x.shape.slice(1))]);
  },
});

function emitReshape(graph: GraphBuilder, x: Ref, shape: Shape): Emission {
  return {
    output: graph.reshape(x, [batchOf(x), ...shape]),
    adjoint: (dy, { graph: reverse }) => [reverse.reshape(dy, x.shape)],
  };
}

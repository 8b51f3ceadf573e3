import { add, concat as concatenate, zeros } from "@tensorflow/tfjs-core";
import { defineOp, type Node, type Shape } from "../op";
import { damaged, spell, wholeAxis } from "./check";
import { batchOf, join, repeatTo } from "./emitting";

export interface ConcatAttributes {
  /** Of the per-image value; negative ones count from the end. Missing: the last. */
  readonly axis?: number;
}

/** The inputs one after the other along an axis. A constant, which has a batch of one, is repeated for every image. */
export const concat = defineOp<ConcatAttributes>({
  kind: "concat",

  infer(inputs, node) {
    const [first, ...others] = inputs;
    if (!first) damaged(node, "it has no input.");
    const axis = axisOf(node, first);
    const rest = (shape: Shape) => shape.map((d, i) => (i === axis ? 0 : d));
    for (const shape of others)
      if (rest(shape).join() !== rest(first).join())
        damaged(
          node,
          `its inputs ${spell(first)} and ${spell(shape)} differ in more than axis ${axis}.`,
        );
    const along = inputs.reduce((sum, shape) => sum + (shape[axis] ?? 0), 0);
    return first.map((d, i) => (i === axis ? along : d));
  },

  eager(inputs, node) {
    const batch = Math.max(...inputs.map((x) => x.shape[0] ?? 1));
    const whole = inputs.map((x) =>
      x.shape[0] === batch ? x : add(x, zeros([batch, ...x.shape.slice(1)])),
    );
    const [, ...shape] = inputs[0]?.shape ?? [];
    return concatenate(whole, axisOf(node, shape) + 1);
  },

  emit(inputs, node, { graph }) {
    const batch = Math.max(...inputs.map(batchOf));
    const whole = inputs.map((x) =>
      repeatTo(graph, x, [batch, ...x.shape.slice(1)]),
    );
    const axis = axisOf(node, inputs[0]?.shape.slice(1) ?? []) + 1;
    return {
      output: join(graph, whole, axis),
      adjoint(dy, { graph: reverse }) {
        if (inputs.length === 1) return [dy];
        let start = 0;
        return inputs.map((x, i) => {
          const shape = whole[i]?.shape ?? [];
          const begin = shape.map((_, j) => (j === axis ? start : 0));
          start += shape[axis] ?? 0;
          // what was repeated is a constant
          if (x !== whole[i]) return null;
          return reverse.slice(dy, begin, shape);
        });
      },
    };
  },
});

function axisOf(node: Node<ConcatAttributes>, shape: Shape): number {
  return wholeAxis(node, node.attributes.axis ?? -1, shape);
}

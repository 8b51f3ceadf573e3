/** Sums and products of several inputs, element by element. */
import { addN, mul, add as plus, type Tensor } from "@tensorflow/tfjs-core";
import type { Ref } from "../../step/graph";
import { defineOp, type Node, type Shape } from "../op";
import { damaged, refuse, spell } from "./check";
import { sumTo } from "./emitting";

type None = Record<string, never>;

/** The sum of all inputs; dimensions of 1 are repeated. */
export const add = defineOp<None>({
  kind: "add",

  infer: inferBroadcast,

  eager(inputs) {
    const same = inputs.every(
      (x) => x.shape.join() === inputs[0]?.shape.join(),
    );
    return same ? addN([...inputs]) : fold(inputs, (a, b) => plus(a, b));
  },

  emit(inputs, _node, { graph }) {
    const same = inputs.every(
      (x) => x.shape.join() === inputs[0]?.shape.join(),
    );
    // AddN even of two: TensorFlow fuses it into the convolution before it in either precision, AddV2 only where it
    // happens to have inferred the shapes
    const output =
      same && inputs.length > 1
        ? graph.sum(inputs)
        : fold(inputs, (a, b) => graph.binary("AddV2", a, b));
    return {
      output,
      adjoint: (dy, { graph: reverse }) =>
        inputs.map((x) => sumTo(reverse, dy, x.shape)),
    };
  },
});

/** The product of all inputs; dimensions of 1 are repeated, as a squeeze-and-excitation block needs it. */
export const multiply = defineOp<None>({
  kind: "multiply",

  infer: inferBroadcast,

  eager: (inputs) => fold(inputs, (a, b) => mul(a, b)),

  emit(inputs, _node, { graph }) {
    const product = (factors: readonly Ref[]) =>
      fold(factors, (a, b) => graph.binary("Mul", a, b));
    return {
      output: product(inputs),
      adjoint: (dy, { graph: reverse }) =>
        inputs.map((x, i) => {
          const others = inputs.filter((_, j) => j !== i);
          const gradient = fold([dy, ...others], (a, b) =>
            reverse.binary("Mul", a, b),
          );
          return sumTo(reverse, gradient, x.shape);
        }),
    };
  },
});

/** Dimensions are equal, or 1 and repeated; the inputs have equally many. */
export function inferBroadcast(inputs: readonly Shape[], node: Node): Shape {
  if (inputs.length === 0) damaged(node, "it has no input.");
  return inputs.reduce((a, b) => {
    if (a.length !== b.length)
      refuse(
        node,
        `its inputs ${spell(a)} and ${spell(b)} have different numbers of dimensions.`,
        "The inputs have equally many dimensions.",
      );
    return a.map((m, i) => {
      const n = b[i] ?? 1;
      if (m !== n && m !== 1 && n !== 1)
        damaged(node, `its inputs ${spell(a)} and ${spell(b)} do not fit.`);
      return Math.max(m, n);
    });
  });
}

function fold<T extends Tensor | Ref>(
  values: readonly T[],
  combine: (a: T, b: T) => T,
): T {
  return values.reduce(combine);
}

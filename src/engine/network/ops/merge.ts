/** Operations with several inputs: element by element, or side by side. */
import {
  addN,
  concat as concatenate,
  mul,
  add as plus,
  type Tensor,
} from "@tensorflow/tfjs-core";
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
    const output =
      same && inputs.length > 2
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

/** The inputs' channels, one after the other. */
export const concat = defineOp<None>({
  kind: "concat",

  infer(inputs, node) {
    const [first, ...others] = inputs;
    if (!first) damaged(node, "it has no input.");
    const before = first.slice(0, -1);
    for (const shape of others)
      if (shape.slice(0, -1).join() !== before.join())
        damaged(
          node,
          `its inputs ${spell(first)} and ${spell(shape)} differ in more than the channels.`,
        );
    const channels = inputs.reduce((sum, s) => sum + (s[s.length - 1] ?? 0), 0);
    return [...before, channels];
  },

  eager: (inputs) => concatenate([...inputs], (inputs[0]?.rank ?? 1) - 1),

  emit(inputs, _node, { graph }) {
    const first = inputs[0];
    if (!first) throw new RangeError("nothing to concatenate");
    if (inputs.length === 1) return { output: first, adjoint: (dy) => [dy] };
    const axis = first.shape.length - 1;
    const channels = inputs.map((x) => x.shape[axis] ?? 0);
    const output = graph.add(
      "ConcatV2",
      [...inputs, graph.ints([axis], [])],
      {
        N: { int: inputs.length },
        T: { type: first.dtype },
        Tidx: { type: "int32" },
      },
      {
        shape: [
          ...first.shape.slice(0, -1),
          channels.reduce((sum, c) => sum + c, 0),
        ],
      },
    );
    return {
      output,
      adjoint(dy, { graph: reverse }) {
        let start = 0;
        return inputs.map((x, i) => {
          const begin = x.shape.map((_, j) => (j === axis ? start : 0));
          start += channels[i] ?? 0;
          return reverse.slice(dy, begin, x.shape);
        });
      },
    };
  },
});

function inferBroadcast(inputs: readonly Shape[], node: Node): Shape {
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

/** Operations with two inputs, element by element; dimensions of 1 are repeated. */
import {
  add,
  broadcast_util as broadcasts,
  div,
  maximum as maximumTensor,
  minimum as minimumTensor,
  sub,
  zeros,
  type Tensor,
} from "@tensorflow/tfjs-core";
import type { GraphBuilder, Ref } from "../../step/graph";
import { defineOp, type Op } from "../op";
import { damaged } from "./check";
import { sumTo } from "./emitting";
import { inferBroadcast } from "./merge";

type None = Record<string, never>;
export type Two<T> = readonly [T, T];

/** `emit` gives the value, and the gradients before they are summed over what was repeated. */
function binary(
  kind: string,
  eager: (a: Tensor, b: Tensor) => Tensor,
  emit: (
    a: Ref,
    b: Ref,
    graph: GraphBuilder,
  ) => { y: Ref; backward: (dy: Ref, graph: GraphBuilder) => Two<Ref> },
): Op<None> {
  return defineOp<None>({
    kind,
    infer(inputs, node) {
      if (inputs.length !== 2)
        damaged(node, `it has ${inputs.length} inputs and takes two.`);
      return inferBroadcast(inputs, node);
    },
    eager: (inputs) => eager(...two(inputs)),
    emit(inputs, _node, { graph }) {
      const [a, b] = two(inputs);
      const { y, backward } = emit(a, b, graph);
      return {
        output: y,
        adjoint(dy, { graph: reverse }) {
          const [da, db] = backward(dy, reverse);
          return [sumTo(reverse, da, a.shape), sumTo(reverse, db, b.shape)];
        },
      };
    },
  });
}

/** a - b */
export const subtract = binary("subtract", sub, (a, b, graph) => ({
  y: graph.binary("Sub", a, b),
  backward: (dy, g) => [dy, g.unary("Neg", dy)],
}));

/** a / b */
export const divide = binary("divide", div, (a, b, graph) => {
  const y = graph.binary("RealDiv", a, b);
  return {
    y,
    backward(dy, g) {
      const da = g.binary("RealDiv", dy, b);
      return [da, g.unary("Neg", g.binary("Mul", da, y))];
    },
  };
});

/** The larger of both; where they are equal, the gradient goes to the first. */
export const maximum = binary(
  "maximum",
  whole(maximumTensor),
  (a, b, graph) => ({
    y: graph.binary("Maximum", a, b),
    backward: (dy, g) => split(g, dy, g.binary("Sub", b, a)),
  }),
);

/** The smaller of both; where they are equal, the gradient goes to the first. */
export const minimum = binary(
  "minimum",
  whole(minimumTensor),
  (a, b, graph) => ({
    y: graph.binary("Minimum", a, b),
    backward: (dy, g) => split(g, dy, g.binary("Sub", a, b)),
  }),
);

/** dy where `second` is not positive, and dy where it is. */
function split(graph: GraphBuilder, dy: Ref, second: Ref): Two<Ref> {
  const other = graph.binary("ReluGrad", dy, second);
  return [graph.binary("Sub", dy, other), other];
}

/** tfjs-core's gradients of maximum and minimum forget to sum over what was repeated; those of addition do not. */
function whole(
  combine: (a: Tensor, b: Tensor) => Tensor,
): (a: Tensor, b: Tensor) => Tensor {
  return (a, b) => {
    const shape = broadcasts.assertAndGetBroadcastShape(a.shape, b.shape);
    const full = (x: Tensor) =>
      x.shape.join() === shape.join() ? x : add(x, zeros(shape));
    return combine(full(a), full(b));
  };
}

export function two<T>([a, b]: readonly T[]): Two<T> {
  if (a === undefined || b === undefined)
    throw new RangeError("an operation of two values with fewer");
  return [a, b];
}

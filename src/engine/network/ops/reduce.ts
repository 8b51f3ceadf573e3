import {
  cast,
  div,
  equal,
  max,
  mean,
  min,
  mul,
  reshape,
  sum,
  type Tensor,
} from "@tensorflow/tfjs-core";
import type { GraphBuilder, Ref } from "../../step/graph";
import { defineOp, type Emission, type Node, type Shape } from "../op";
import { refuse, single, spell, wholeAxis } from "./check";
import { withGradient } from "./eagerly";
import { only, reduceExactly, repeatTo, scale } from "./emitting";

export interface ReduceAttributes {
  readonly kind: "mean" | "sum" | "max" | "min";
  /** Of the per-image value; negative ones count from the end. */
  readonly axes: readonly number[];
  /** The reduced axes stay, with one value. */
  readonly keepDims: boolean;
}

/**
 * Mean, sum, largest or smallest value along some axes. Where several values are the largest (or smallest),
 * they share the gradient.
 */
export const reduce = defineOp<ReduceAttributes>({
  kind: "reduce",

  infer(inputs, node) {
    const shape = single(inputs, node);
    const axes = node.attributes.axes.map((a) => wholeAxis(node, a, shape));
    const reduced = shapeWithout(shape, axes, node.attributes.keepDims);
    if (reduced.length === 0)
      refuse(
        node,
        `it leaves no dimension of ${spell(shape)}.`,
        "A value has at least one dimension an image.",
      );
    return reduced;
  },

  eager(inputs, node) {
    const x = only(inputs);
    const { kind, keepDims } = node.attributes;
    const axes = axesOf(node, x.shape);
    if (kind === "mean") return mean(x, axes, keepDims);
    if (kind === "sum") return sum(x, axes, keepDims);
    const y = eagerExtreme(x, kind, axes);
    return keepDims ? y : reshape(y, shapeWithout(x.shape, axes, false));
  },

  emit(inputs, node, { graph }) {
    const x = only(inputs);
    const { kind, keepDims } = node.attributes;
    const axes = axesOf(node, x.shape);
    const kept =
      kind === "mean" || kind === "sum"
        ? emitTotal(graph, x, kind, axes)
        : emitExtreme(graph, x, kind, axes);
    if (keepDims) return kept;
    const { shape } = kept.output;
    return {
      output: graph.reshape(kept.output, shapeWithout(x.shape, axes, false)),
      adjoint: (dy, context) =>
        kept.adjoint(context.graph.reshape(dy, shape), context),
    };
  },
});

/** The axes with the batch counted, in order, each once. */
function axesOf(
  node: Node<ReduceAttributes>,
  [, ...shape]: readonly number[],
): number[] {
  const axes = node.attributes.axes.map((a) => wholeAxis(node, a, shape) + 1);
  return [...new Set(axes)].sort((a, b) => a - b);
}

function shapeWithout(
  shape: Shape,
  axes: readonly number[],
  keepDims: boolean,
): number[] {
  return shape.flatMap((d, i) =>
    axes.includes(i) ? (keepDims ? [1] : []) : [d],
  );
}

/** With the reduced axes kept. */
function emitTotal(
  graph: GraphBuilder,
  x: Ref,
  kind: "mean" | "sum",
  axes: readonly number[],
): Emission {
  const summands = axes.reduce((n, axis) => n * (x.shape[axis] ?? 1), 1);
  return {
    output: reduceExactly(
      graph,
      kind === "mean" ? "Mean" : "Sum",
      x,
      axes,
      true,
    ),
    adjoint(dy, { graph: reverse }) {
      const share = kind === "mean" ? scale(reverse, dy, 1 / summands) : dy;
      return [repeatTo(reverse, share, x.shape)];
    },
  };
}

function emitExtreme(
  graph: GraphBuilder,
  x: Ref,
  kind: "max" | "min",
  axes: readonly number[],
): Emission {
  const y = graph.reduce(kind === "max" ? "Max" : "Min", x, axes, true);
  return {
    output: y,
    // 1 where x is the extreme: elsewhere the distance has a sign
    adjoint(dy, { graph: g }) {
      const distance = g.binary(
        "Sub",
        g.cast(x, "float32"),
        g.cast(y, "float32"),
      );
      const other = g.unary("Abs", g.unary("Sign", distance));
      const chosen = g.binary("Sub", g.scalar(1), other);
      const winners = g.reduce("Sum", chosen, axes, true);
      const share = g.binary("RealDiv", g.cast(dy, "float32"), winners);
      return [g.cast(g.binary("Mul", chosen, share), x.dtype)];
    },
  };
}

/** tfjs-core gives each of several largest values the whole gradient. */
function eagerExtreme(
  x: Tensor,
  kind: "max" | "min",
  axes: readonly number[],
): Tensor {
  return withGradient(
    x,
    (input) => {
      const value = (kind === "max" ? max : min)(input, [...axes], true);
      return { value, saved: [input, value] };
    },
    (dy, [input, value]) => {
      if (!input || !value) throw new RangeError("the input was not saved");
      const chosen = cast(equal(input, value), "float32");
      return mul(chosen, div(dy, sum(chosen, [...axes], true)));
    },
  );
}

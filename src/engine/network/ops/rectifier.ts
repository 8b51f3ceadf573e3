import {
  cast,
  clone,
  leakyRelu,
  less,
  minimum,
  mul,
  relu,
  step,
  type Tensor,
} from "@tensorflow/tfjs-core";
import type { GraphBuilder, Ref } from "../../step/graph";
import { defineOp } from "../op";
import { refuse, single } from "./check";
import { withGradient } from "./eagerly";
import { floatOf, only } from "./emitting";

export interface RectifierAttributes {
  /** The network's own slope for x <= 0: 0 for ReLU and ReLU6. */
  readonly slope: number;
  /** Largest value, 6 for ReLU6; null: none. */
  readonly ceiling: number | null;
}

/**
 * ReLU, ReLU6, Leaky ReLU: the operations a gradient rule acts on.
 *
 * | | x > 0 | x <= 0 | x >= ceiling |
 * |---|---|---|---|
 * | value | x | s x | ceiling |
 * | factor on the gradient | 1 | p | 0 |
 *
 * Forward slope s and backward slope p come from the method. For s >= 0 the value y is positive exactly
 * where x is, so y is all the backward pass needs. At x = 0 the factor is p.
 */
export const rectifier = defineOp<RectifierAttributes>({
  kind: "rectifier",
  rectifier: true,
  activation: true,

  infer(inputs, node) {
    const { slope, ceiling } = node.attributes;
    if (!(slope >= 0) || !Number.isFinite(slope))
      refuse(
        node,
        `its slope for negative inputs is ${slope}.`,
        "Rectifiers have a slope from 0 on.",
      );
    if (ceiling !== null && !(ceiling > 0))
      refuse(
        node,
        `its largest value is ${ceiling}.`,
        "The largest value of a rectifier is above 0.",
      );
    return single(inputs, node);
  },

  eager(inputs, node, context) {
    const { slope, ceiling } = node.attributes;
    const { forward, backward } = context.slopes(slope);
    return withGradient(
      only(inputs),
      (x) => {
        const value = eagerForward(x, forward, ceiling);
        return { value, saved: [value] };
      },
      (dy, saved) => {
        const y = only(saved);
        const gradient = mul(dy, step(y, backward));
        if (ceiling === null) return gradient;
        return mul(gradient, cast(less(y, ceiling), "float32"));
      },
    );
  },

  emit(inputs, node, context) {
    const { slope, ceiling } = node.attributes;
    const y = emitForward(
      context.graph,
      only(inputs),
      context.forwardSlope(slope),
      ceiling,
    );
    return {
      output: y,
      adjoint(dy, reverse) {
        const backward = reverse.backwardSlope(slope);
        return [emitBackward(reverse.graph, dy, y, backward, ceiling)];
      },
    };
  },
});

function eagerForward(
  x: Tensor,
  slope: number,
  ceiling: number | null,
): Tensor {
  const y =
    slope === 0 ? relu(x) : slope === 1 ? clone(x) : leakyRelu(x, slope);
  return ceiling === null ? y : minimum(y, ceiling);
}

function emitForward(
  graph: GraphBuilder,
  x: Ref,
  slope: number,
  ceiling: number | null,
): Ref {
  if (slope === 0 && ceiling === 6) return graph.unary("Relu6", x);
  const y = leaky(graph, x, slope);
  if (ceiling === null) return y;
  return graph.binary("Minimum", y, graph.scalar(ceiling, floatOf(x)));
}

/** Named ops wherever there are, so that TensorFlow fuses them with the convolution before. */
function leaky(graph: GraphBuilder, x: Ref, slope: number): Ref {
  if (slope === 1) return x;
  if (slope === 0) return graph.unary("Relu", x);
  // TensorFlow 2.21 fuses convolution, addition and LeakyRelu with oneDNN and loses the slope on the way, and
  // fuses convolution, x sigmoid(x) and LeakyRelu into what has no kernel. The larger of both lines is not fused.
  if (/^(Add|Mul)/.test(graph.opOf(x)))
    return graph.binary(
      slope < 1 ? "Maximum" : "Minimum",
      x,
      graph.binary("Mul", x, graph.scalar(slope, floatOf(x))),
    );
  return graph.add(
    "LeakyRelu",
    [x],
    { T: { type: x.dtype }, alpha: { float: slope } },
    { shape: x.shape },
  );
}

function emitBackward(
  graph: GraphBuilder,
  dy: Ref,
  y: Ref,
  slope: number,
  ceiling: number | null,
): Ref {
  if (slope === 0 && ceiling === 6) return graph.binary("Relu6Grad", dy, y);
  const masked = leakyGradient(graph, dy, y, slope);
  if (ceiling === null) return masked;
  // ReluGrad passes where its second argument is positive, here where y is below the ceiling.
  const room = graph.binary("Sub", graph.scalar(ceiling, floatOf(y)), y);
  return graph.binary("ReluGrad", masked, room);
}

/** dy where y > 0, slope * dy elsewhere. */
export function leakyGradient(
  graph: GraphBuilder,
  dy: Ref,
  y: Ref,
  slope: number,
): Ref {
  if (slope === 1) return dy;
  if (slope === 0) return graph.binary("ReluGrad", dy, y);
  return graph.add(
    "LeakyReluGrad",
    [dy, y],
    { T: { type: dy.dtype }, alpha: { float: slope } },
    { shape: dy.shape },
  );
}

/** Piecewise linear curves that are no rectifiers: a gradient rule leaves their own gradient as it is. */
import {
  add,
  clipByValue,
  maximum,
  minimum,
  mul,
  step,
  sub,
  type Tensor,
} from "@tensorflow/tfjs-core";
import type { GraphBuilder, Ref } from "../../step/graph";
import { refuse } from "./check";
import { activation, curve, widely, type Curve } from "./curve";
import { floatOf, scale } from "./emitting";

export interface ClipAttributes {
  /** The smallest value; null: none. */
  readonly low: number | null;
  /** The largest value; null: none. */
  readonly high: number | null;
}

/** Values limited to [low, high]. The gradient passes where x lies within, the limits included. */
export const clip = curve<ClipAttributes>(
  "clip",
  (x, { low, high }) => limited(x, low, high),
  (x, graph, { low, high }) => emitClip(x, graph, low, high),
  (node) => {
    const { low, high } = node.attributes;
    const known = [low, high].filter((limit) => limit !== null);
    if (
      !known.every(Number.isFinite) ||
      (known[0] ?? 0) > (known[1] ?? Infinity)
    )
      refuse(
        node,
        `its limits are ${low} and ${high}.`,
        "Limits are finite numbers, the lower one first.",
      );
  },
);

/** x limited to [-1, 1]. */
export const hardTanh = activation(
  "hard-tanh",
  (x) => limited(x, -1, 1),
  (x, graph) => emitClip(x, graph, -1, 1),
);

function limited(x: Tensor, low: number | null, high: number | null): Tensor {
  if (low !== null && high !== null) return clipByValue(x, low, high);
  const floored = low === null ? x : maximum(x, low);
  return high === null ? floored : minimum(floored, high);
}

function emitClip(
  x: Ref,
  graph: GraphBuilder,
  low: number | null,
  high: number | null,
): Curve {
  let y = x;
  if (low !== null)
    y = graph.binary("Maximum", y, graph.scalar(low, floatOf(x)));
  if (high !== null)
    y = graph.binary("Minimum", y, graph.scalar(high, floatOf(x)));
  return {
    y,
    // what lies outside has moved
    backward(dy, g) {
      const moved = g.unary("Abs", g.binary("Sub", x, y));
      return g.binary("Sub", dy, g.binary("ReluGrad", dy, moved));
    },
  };
}

export interface ThresholdAttributes {
  readonly threshold: number;
}

/** x above the threshold, 0 elsewhere. */
export const thresholdedRelu = activation<ThresholdAttributes>(
  "thresholded-relu",
  (x, { threshold }) => mul(x, step(sub(x, threshold))),
  (x, graph, { threshold }) => {
    // ReluGrad passes its first argument where the second is positive
    const above = graph.binary("Sub", x, graph.scalar(threshold, floatOf(x)));
    return {
      y: graph.binary("ReluGrad", x, above),
      backward: (dy, g) => g.binary("ReluGrad", dy, above),
    };
  },
  (node) => {
    if (!Number.isFinite(node.attributes.threshold))
      refuse(
        node,
        `its threshold is ${node.attributes.threshold}.`,
        "A threshold is a finite number.",
      );
  },
);

export interface HardSigmoidAttributes {
  readonly slope: number;
  readonly offset: number;
}

/** slope x + offset between 0 and 1: Keras 2 has 0.2 x + 0.5, others x / 6 + 0.5. */
export const hardSigmoid = activation<HardSigmoidAttributes>(
  "hard-sigmoid",
  (x, { slope, offset }) => clipByValue(add(mul(x, slope), offset), 0, 1),
  widely((x, graph, { slope, offset }) => {
    const ramp = rampOf(graph, x, slope, offset);
    return {
      y: ramp.y,
      backward: (dy, g) => scale(g, ramp.inside(dy, g), slope),
    };
  }),
);

/** x times the ramp x / 6 + 1 / 2 between 0 and 1. */
export const hardSwish = activation(
  "hard-swish",
  (x) => mul(x, clipByValue(add(mul(x, 1 / 6), 0.5), 0, 1)),
  widely((x, graph) => {
    const ramp = rampOf(graph, x, 1 / 6, 0.5);
    return {
      y: graph.binary("Mul", x, ramp.y),
      backward(dy, g) {
        const inside = ramp.inside(g.binary("Mul", dy, x), g);
        return g.binary(
          "AddV2",
          g.binary("Mul", dy, ramp.y),
          scale(g, inside, 1 / 6),
        );
      },
    };
  }),
);

/** slope x + offset cut off at 0 and 1, and what lets a gradient through only between them. */
function rampOf(
  graph: GraphBuilder,
  x: Ref,
  slope: number,
  offset: number,
): { y: Ref; inside(gradient: Ref, graph: GraphBuilder): Ref } {
  const line = graph.binary(
    "AddV2",
    scale(graph, x, slope),
    graph.scalar(offset),
  );
  const y = graph.binary("Minimum", graph.unary("Relu", line), graph.scalar(1));
  return {
    y,
    inside(gradient, g) {
      const room = g.binary("Sub", g.scalar(1), line);
      const above = g.binary("ReluGrad", gradient, line);
      return g.binary("ReluGrad", above, room);
    },
  };
}

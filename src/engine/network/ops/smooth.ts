/** Activations that are no rectifiers: a gradient rule leaves them alone. Each with its own gradient. */
import {
  add,
  clipByValue,
  elu as eluTensor,
  erf,
  leakyRelu,
  mul,
  pow,
  selu as seluTensor,
  sigmoid as sigmoidTensor,
  softplus as softplusTensor,
  tanh as tanhTensor,
  type Tensor,
} from "@tensorflow/tfjs-core";
import type { GraphBuilder, Ref } from "../../step/graph";
import { defineOp, type Node, type Op } from "../op";
import { refuse, single } from "./check";
import { only, scale } from "./emitting";
import { leakyGradient } from "./rectifier";

type None = Record<string, never>;

/** An activation's graph: its value and what turns dy into dx. */
interface Curve {
  readonly y: Ref;
  backward(dy: Ref, graph: GraphBuilder): Ref;
}

function smooth<A extends object = None>(
  kind: string,
  eager: (x: Tensor, attributes: A) => Tensor,
  emit: (x: Ref, graph: GraphBuilder, attributes: A) => Curve,
  check: (node: Node<A>) => void = () => undefined,
): Op<A> {
  return defineOp<A>({
    kind,
    activation: true,
    infer(inputs, node) {
      check(node);
      return single(inputs, node);
    },
    eager: (inputs, node) => eager(only(inputs), node.attributes),
    emit(inputs, node, { graph }) {
      const curve = emit(only(inputs), graph, node.attributes);
      return {
        output: curve.y,
        adjoint: (dy, context) => [curve.backward(dy, context.graph)],
      };
    },
  });
}

/** Formulas of several steps are computed in float32: bfloat16 would round at each. */
function widely(
  emit: (x: Ref, graph: GraphBuilder) => Curve,
): (x: Ref, graph: GraphBuilder) => Curve {
  return (x, graph) => {
    const curve = emit(graph.cast(x, "float32"), graph);
    return {
      y: graph.cast(curve.y, x.dtype),
      backward: (dy, reverse) =>
        reverse.cast(
          curve.backward(reverse.cast(dy, "float32"), reverse),
          x.dtype,
        ),
    };
  };
}

/** 1 / (1 + exp(-x)) */
export const sigmoid = smooth("sigmoid", sigmoidTensor, (x, graph) => {
  const y = graph.unary("Sigmoid", x);
  return { y, backward: (dy, g) => g.binary("SigmoidGrad", y, dy) };
});

export const tanh = smooth("tanh", tanhTensor, (x, graph) => {
  const y = graph.unary("Tanh", x);
  return { y, backward: (dy, g) => g.binary("TanhGrad", y, dy) };
});

/** log(1 + exp(x)) */
export const softplus = smooth("softplus", softplusTensor, (x, graph) => ({
  y: graph.unary("Softplus", x),
  backward: (dy, g) => g.binary("SoftplusGrad", dy, x),
}));

export const selu = smooth("selu", seluTensor, (x, graph) => {
  const y = graph.unary("Selu", x);
  return { y, backward: (dy, g) => g.binary("SeluGrad", dy, y) };
});

export interface EluAttributes {
  readonly alpha: number;
}

/** x for x > 0, alpha (exp(x) - 1) elsewhere: TensorFlow's with alpha 1, its negative part stretched. */
export const elu = smooth<EluAttributes>(
  "elu",
  (x, { alpha }) =>
    alpha === 1 ? eluTensor(x) : leakyRelu(eluTensor(x), alpha),
  (x, graph, { alpha }) => {
    const unit = graph.unary("Elu", x);
    const y =
      alpha === 1
        ? unit
        : graph.add(
            "LeakyRelu",
            [unit],
            { T: { type: x.dtype }, alpha: { float: alpha } },
            { shape: x.shape },
          );
    return {
      y,
      backward: (dy, g) =>
        g.binary("EluGrad", leakyGradient(g, dy, unit, alpha), unit),
    };
  },
  (node) => {
    const { alpha } = node.attributes;
    if (!(alpha >= 0) || !Number.isFinite(alpha))
      refuse(node, `its alpha is ${alpha}.`, "ELU has an alpha from 0 on.");
  },
);

/** x sigmoid(x), also called SiLU. */
export const swish = smooth(
  "swish",
  (x) => mul(x, sigmoidTensor(x)),
  widely((x, graph) => {
    const s = graph.unary("Sigmoid", x);
    const y = graph.binary("Mul", x, s);
    return {
      y,
      // s + y (1 - s)
      backward(dy, g) {
        const rest = g.binary("Sub", g.scalar(1), s);
        const slope = g.binary("AddV2", s, g.binary("Mul", y, rest));
        return g.binary("Mul", dy, slope);
      },
    };
  }),
);

/** x Phi(x) with the normal distribution's Phi. */
export const gelu = smooth(
  "gelu",
  (x) => mul(mul(x, 0.5), add(erf(mul(x, Math.SQRT1_2)), 1)),
  widely((x, graph) => {
    const curve = graph.unary("Erf", scale(graph, x, Math.SQRT1_2));
    const phi = scale(
      graph,
      graph.binary("AddV2", curve, graph.scalar(1)),
      0.5,
    );
    return {
      y: graph.binary("Mul", x, phi),
      // Phi + x exp(-x^2 / 2) / sqrt(2 pi)
      backward(dy, g) {
        const bell = g.unary("Exp", scale(g, g.unary("Square", x), -0.5));
        const density = scale(g, bell, 1 / Math.sqrt(2 * Math.PI));
        const slope = g.binary("AddV2", phi, g.binary("Mul", x, density));
        return g.binary("Mul", dy, slope);
      },
    };
  }),
);

const bend = Math.sqrt(2 / Math.PI);
const cubic = 0.044715;

/** GELU by tanh: x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2. Hendrycks, Gimpel, arXiv 1606.08415. */
export const geluTanh = smooth(
  "gelu-tanh",
  (x) =>
    mul(
      mul(x, 0.5),
      add(tanhTensor(mul(add(x, mul(pow(x, 3), cubic)), bend)), 1),
    ),
  widely((x, graph) => {
    const square = graph.unary("Square", x);
    const stretched = graph.binary(
      "AddV2",
      scale(graph, square, cubic),
      graph.scalar(1),
    );
    const inner = scale(graph, graph.binary("Mul", x, stretched), bend);
    const t = graph.unary("Tanh", inner);
    const half = scale(graph, graph.binary("AddV2", t, graph.scalar(1)), 0.5);
    return {
      y: graph.binary("Mul", x, half),
      // (1 + t) / 2 + x / 2 (1 - t^2) sqrt(2 / pi) (1 + 3 * 0.044715 x^2)
      backward(dy, g) {
        const one = g.scalar(1);
        const falling = g.binary("Sub", one, g.unary("Square", t));
        const steep = g.binary("AddV2", scale(g, square, 3 * cubic), one);
        const chain = scale(g, g.binary("Mul", falling, steep), bend / 2);
        const slope = g.binary("AddV2", half, g.binary("Mul", x, chain));
        return g.binary("Mul", dy, slope);
      },
    };
  }),
);

export interface HardSigmoidAttributes {
  readonly slope: number;
  readonly offset: number;
}

/** slope x + offset between 0 and 1: Keras 2 has 0.2 x + 0.5, others x / 6 + 0.5. */
export const hardSigmoid = smooth<HardSigmoidAttributes>(
  "hard-sigmoid",
  (x, { slope, offset }) => clipByValue(add(mul(x, slope), offset), 0, 1),
  (x, graph, { slope, offset }) =>
    widely((wide, g) => {
      const ramp = rampOf(g, wide, slope, offset);
      return {
        y: ramp.y,
        backward: (dy, reverse) =>
          scale(reverse, ramp.inside(dy, reverse), slope),
      };
    })(x, graph),
);

/** x times the ramp x / 6 + 1 / 2 between 0 and 1. */
export const hardSwish = smooth(
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

/** Smooth activations that multiply x with a gate between 0 and 1. Each with its own gradient. */
import {
  add,
  erf,
  mul,
  pow,
  sigmoid as sigmoidTensor,
  softplus as softplusTensor,
  tanh as tanhTensor,
} from "@tensorflow/tfjs-core";
import type { GraphBuilder, Ref } from "../../step/graph";
import { activation, widely, type Curve } from "./curve";
import { scale } from "./emitting";

/** x sigmoid(x), also called SiLU. */
export const swish = activation(
  "swish",
  (x) => mul(x, sigmoidTensor(x)),
  widely((x, graph) => gated(x, x, 1, graph)),
);

const steepness = 1.702;

/** x sigmoid(1.702 x), which is close to GELU. */
export const quickGelu = activation(
  "quick-gelu",
  (x) => mul(x, sigmoidTensor(mul(x, steepness))),
  widely((x, graph) => gated(x, scale(graph, x, steepness), steepness, graph)),
);

/** x sigmoid(steep x) */
function gated(x: Ref, steepX: Ref, steep: number, graph: GraphBuilder): Curve {
  const s = graph.unary("Sigmoid", steepX);
  const y = graph.binary("Mul", x, s);
  return {
    y,
    // s + steep y (1 - s)
    backward(dy, g) {
      const rest = g.binary("Sub", g.scalar(1), s);
      const bend = scale(g, g.binary("Mul", y, rest), steep);
      return g.binary("Mul", dy, g.binary("AddV2", s, bend));
    },
  };
}

/** x tanh(softplus(x)). Misra, arXiv 1908.08681. */
export const mish = activation(
  "mish",
  (x) => mul(x, tanhTensor(softplusTensor(x))),
  widely((x, graph) => {
    const t = graph.unary("Tanh", graph.unary("Softplus", x));
    return {
      y: graph.binary("Mul", x, t),
      // t + x (1 - t^2) sigmoid(x)
      backward(dy, g) {
        const falling = g.binary("Sub", g.scalar(1), g.unary("Square", t));
        const inner = g.binary("Mul", falling, g.unary("Sigmoid", x));
        const slope = g.binary("AddV2", t, g.binary("Mul", x, inner));
        return g.binary("Mul", dy, slope);
      },
    };
  }),
);

/** x Phi(x) with the normal distribution's Phi. */
export const gelu = activation(
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
export const geluTanh = activation(
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

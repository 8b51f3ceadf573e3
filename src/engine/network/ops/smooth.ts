/** Smooth activations made of exponentials: sigmoids, and rectifiers with a round corner. Each with its own gradient. */
import {
  abs,
  add,
  div,
  elu as eluTensor,
  leakyRelu,
  mul,
  neg,
  selu as seluTensor,
  sigmoid as sigmoidTensor,
  softplus as softplusTensor,
  tanh as tanhTensor,
} from "@tensorflow/tfjs-core";
import { refuse } from "./check";
import { activation, widely } from "./curve";
import { scale } from "./emitting";
import { leakyGradient } from "./rectifier";

/** 1 / (1 + exp(-x)) */
export const sigmoid = activation(
  "sigmoid",
  sigmoidTensor,
  widely((x, graph) => {
    const y = graph.unary("Sigmoid", x);
    return { y, backward: (dy, g) => g.binary("SigmoidGrad", y, dy) };
  }),
);

export const tanh = activation(
  "tanh",
  tanhTensor,
  widely((x, graph) => {
    const y = graph.unary("Tanh", x);
    return { y, backward: (dy, g) => g.binary("TanhGrad", y, dy) };
  }),
);

/** log(1 + exp(x)) */
export const softplus = activation(
  "softplus",
  softplusTensor,
  widely((x, graph) => ({
    y: graph.unary("Softplus", x),
    backward: (dy, g) => g.binary("SoftplusGrad", dy, x),
  })),
);

export const selu = activation(
  "selu",
  seluTensor,
  widely((x, graph) => {
    const y = graph.unary("Selu", x);
    return { y, backward: (dy, g) => g.binary("SeluGrad", dy, y) };
  }),
);

export interface EluAttributes {
  readonly alpha: number;
}

/** x for x > 0, alpha (exp(x) - 1) elsewhere: TensorFlow's with alpha 1, its negative part stretched. */
export const elu = activation<EluAttributes>(
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

export interface CeluAttributes {
  readonly alpha: number;
}

/** x for x > 0, alpha (exp(x / alpha) - 1) elsewhere: an ELU stretched along both axes. */
export const celu = activation<CeluAttributes>(
  "celu",
  (x, { alpha }) => mul(eluTensor(mul(x, 1 / alpha)), alpha),
  widely((x, graph, { alpha }) => {
    const unit = graph.unary("Elu", scale(graph, x, 1 / alpha));
    return {
      y: scale(graph, unit, alpha),
      backward: (dy, g) => g.binary("EluGrad", dy, unit),
    };
  }),
  (node) => {
    const { alpha } = node.attributes;
    if (!(alpha > 0) || !Number.isFinite(alpha))
      refuse(node, `its alpha is ${alpha}.`, "CELU has an alpha above 0.");
  },
);

/** x / (1 + |x|) */
export const softsign = activation(
  "softsign",
  (x) => div(x, add(abs(x), 1)),
  widely((x, graph) => ({
    y: graph.unary("Softsign", x),
    backward: (dy, g) => g.binary("SoftsignGrad", dy, x),
  })),
);

/** log(1 / (1 + exp(-x))) */
export const logSigmoid = activation(
  "log-sigmoid",
  (x) => neg(softplusTensor(neg(x))),
  widely((x, graph) => {
    const turned = graph.unary("Neg", x);
    return {
      y: graph.unary("Neg", graph.unary("Softplus", turned)),
      backward: (dy, g) => g.binary("SoftplusGrad", dy, turned),
    };
  }),
);

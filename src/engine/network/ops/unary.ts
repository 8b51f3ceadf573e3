/** Elementary functions, value by value. They are no activations: a report does not count them. */
import {
  abs as absTensor,
  cos as cosTensor,
  erf as erfTensor,
  exp as expTensor,
  log as logTensor,
  neg,
  reciprocal as reciprocalTensor,
  rsqrt as rsqrtTensor,
  sin as sinTensor,
  sqrt as sqrtTensor,
  square as squareTensor,
} from "@tensorflow/tfjs-core";
import { curve, widely } from "./curve";
import { scale } from "./emitting";

/** -x */
export const negate = curve("negate", neg, (x, graph) => ({
  y: graph.unary("Neg", x),
  backward: (dy, g) => g.unary("Neg", dy),
}));

/** |x|; the gradient at 0 is 0. */
export const abs = curve("abs", absTensor, (x, graph) => ({
  y: graph.unary("Abs", x),
  backward: (dy, g) => g.binary("Mul", dy, g.unary("Sign", x)),
}));

/** x^2 */
export const square = curve("square", squareTensor, (x, graph) => ({
  y: graph.unary("Square", x),
  backward: (dy, g) => g.binary("Mul", scale(g, dy, 2), x),
}));

/** The square root; the gradient at 0 is infinite. */
export const sqrt = curve(
  "sqrt",
  sqrtTensor,
  widely((x, graph) => {
    const y = graph.unary("Sqrt", x);
    return { y, backward: (dy, g) => g.binary("SqrtGrad", y, dy) };
  }),
);

/** 1 / the square root. */
export const rsqrt = curve(
  "rsqrt",
  rsqrtTensor,
  widely((x, graph) => {
    const y = graph.unary("Rsqrt", x);
    return { y, backward: (dy, g) => g.binary("RsqrtGrad", y, dy) };
  }),
);

/** 1 / x */
export const reciprocal = curve(
  "reciprocal",
  reciprocalTensor,
  widely((x, graph) => {
    const y = graph.unary("Reciprocal", x);
    return { y, backward: (dy, g) => g.binary("ReciprocalGrad", y, dy) };
  }),
);

export const exp = curve(
  "exp",
  expTensor,
  widely((x, graph) => {
    const y = graph.unary("Exp", x);
    return { y, backward: (dy, g) => g.binary("Mul", dy, y) };
  }),
);

/** The natural logarithm. */
export const log = curve(
  "log",
  logTensor,
  widely((x, graph) => ({
    y: graph.unary("Log", x),
    backward: (dy, g) => g.binary("RealDiv", dy, x),
  })),
);

/** The error function: 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x. */
export const erf = curve(
  "erf",
  erfTensor,
  widely((x, graph) => ({
    y: graph.unary("Erf", x),
    backward(dy, g) {
      const bell = g.unary("Exp", g.unary("Neg", g.unary("Square", x)));
      return g.binary("Mul", dy, scale(g, bell, 2 / Math.sqrt(Math.PI)));
    },
  })),
);

export const sin = curve(
  "sin",
  sinTensor,
  widely((x, graph) => ({
    y: graph.unary("Sin", x),
    backward: (dy, g) => g.binary("Mul", dy, g.unary("Cos", x)),
  })),
);

export const cos = curve(
  "cos",
  cosTensor,
  widely((x, graph) => ({
    y: graph.unary("Cos", x),
    backward: (dy, g) => g.unary("Neg", g.binary("Mul", dy, g.unary("Sin", x))),
  })),
);

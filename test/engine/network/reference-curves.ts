/** What the operations that work value by value compute. */
import type {
  CeluAttributes,
  ClipAttributes,
  EluAttributes,
  HardSigmoidAttributes,
  PowerAttributes,
  ThresholdAttributes,
} from "../../../src/engine/network/ops/index";
import { erf } from "./erf";
import {
  at,
  build,
  first,
  map,
  pointwise,
  reference,
  type Reference,
  type Values,
} from "./values";

/** Element by element with dimensions of 1 repeated. */
export function broadcast(
  inputs: readonly Values[],
  combine: (a: number, b: number) => number,
): Values {
  return inputs.reduce((a, b) => {
    const shape = a.shape.map((d, i) => Math.max(d, b.shape[i] ?? 1));
    const read = (v: Values, index: readonly number[]) =>
      at(
        v,
        index.map((k, i) => (v.shape[i] === 1 ? 0 : k)),
      );
    return build(shape, (index) => combine(read(a, index), read(b, index)));
  });
}

function pairwise(combine: (a: number, b: number) => number): Reference {
  return (inputs) => broadcast(inputs, combine);
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

function softplus(x: number): number {
  return Math.log(1 + Math.exp(x));
}

function ramp(x: number): number {
  return Math.min(1, Math.max(0, x));
}

export const curves: Readonly<Record<string, Reference>> = {
  add: pairwise((a, b) => a + b),
  subtract: pairwise((a, b) => a - b),
  multiply: pairwise((a, b) => a * b),
  divide: pairwise((a, b) => a / b),
  maximum: pairwise(Math.max),
  minimum: pairwise(Math.min),
  power: reference<PowerAttributes>((inputs, node) => {
    const { exponent } = node.attributes;
    return exponent === undefined
      ? broadcast(inputs, Math.pow)
      : map(first(inputs), (x) => x ** exponent);
  }),
  negate: pointwise((x) => -x),
  abs: pointwise(Math.abs),
  square: pointwise((x) => x * x),
  sqrt: pointwise(Math.sqrt),
  rsqrt: pointwise((x) => 1 / Math.sqrt(x)),
  reciprocal: pointwise((x) => 1 / x),
  exp: pointwise(Math.exp),
  log: pointwise(Math.log),
  erf: pointwise(erf),
  sin: pointwise(Math.sin),
  cos: pointwise(Math.cos),
  clip: reference<ClipAttributes>((inputs, node) => {
    const { low, high } = node.attributes;
    return map(first(inputs), (x) =>
      Math.min(Math.max(x, low ?? -Infinity), high ?? Infinity),
    );
  }),
  "hard-tanh": pointwise((x) => Math.min(1, Math.max(-1, x))),
  "thresholded-relu": reference<ThresholdAttributes>((inputs, node) =>
    map(first(inputs), (x) => (x > node.attributes.threshold ? x : 0)),
  ),
  sigmoid: pointwise(sigmoid),
  tanh: pointwise(Math.tanh),
  softplus: pointwise(softplus),
  softsign: pointwise((x) => x / (1 + Math.abs(x))),
  "log-sigmoid": pointwise((x) => Math.log(sigmoid(x))),
  selu: pointwise((x) =>
    x > 0
      ? 1.0507009873554805 * x
      : 1.0507009873554805 * 1.6732632423543772 * (Math.exp(x) - 1),
  ),
  elu: reference<EluAttributes>((inputs, node) =>
    map(first(inputs), (x) =>
      x > 0 ? x : node.attributes.alpha * (Math.exp(x) - 1),
    ),
  ),
  celu: reference<CeluAttributes>((inputs, node) => {
    const { alpha } = node.attributes;
    return map(first(inputs), (x) =>
      x > 0 ? x : alpha * (Math.exp(x / alpha) - 1),
    );
  }),
  swish: pointwise((x) => x * sigmoid(x)),
  "quick-gelu": pointwise((x) => x * sigmoid(1.702 * x)),
  mish: pointwise((x) => x * Math.tanh(softplus(x))),
  gelu: pointwise((x) => 0.5 * x * (1 + erf(x / Math.SQRT2))),
  "gelu-tanh": pointwise(
    (x) =>
      0.5 *
      x *
      (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  ),
  "hard-sigmoid": reference<HardSigmoidAttributes>((inputs, node) =>
    map(first(inputs), (x) =>
      ramp(node.attributes.slope * x + node.attributes.offset),
    ),
  ),
  "hard-swish": pointwise((x) => x * ramp(x / 6 + 0.5)),
};

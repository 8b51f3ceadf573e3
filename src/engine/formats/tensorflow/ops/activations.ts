/** Activation functions. */
import type { Op } from "../../../network/op";
import * as ops from "../../../network/ops/index";
import type { Value } from "../../lowering/index";
import type { Call, Lower, Outcome } from "../call";
import { asLimit } from "./patterns";

export type Curve = (call: Call, x: Value) => Value;

/** An operation of the network without attributes. */
function plain(op: Op<Record<string, never>>): Curve {
  return ({ lowering, name }, x) => lowering.activation(name, op, {}, x);
}

export const relu: Curve = ({ lowering, name }, x) =>
  lowering.clip(name, x, 0, null);

export const relu6: Curve = ({ lowering, name }, x) =>
  lowering.clip(name, x, 0, 6);

export function leaky(call: Call, x: Value, slope: number): Value {
  const attributes = { slope, ceiling: null };
  return call.lowering.activation(call.name, ops.rectifier, attributes, x);
}

export const elu: Curve = ({ lowering, name }, x) =>
  lowering.activation(name, ops.elu, { alpha: 1 }, x);

export const sigmoid = plain(ops.sigmoid);
export const tanh = plain(ops.tanh);
export const gelu = plain(ops.gelu);
export const geluTanh = plain(ops.geluTanh);
export const swish = plain(ops.swish);
export const hardSwish = plain(ops.hardSwish);

/** x / (1 + |x|) */
const softsign: Curve = ({ lowering, name }, x) => {
  const size = lowering.unary(`${name}/abs`, "abs", x);
  const one = lowering.constant([], Float32Array.of(1));
  const below = lowering.binary(`${name}/below`, "add", size, one);
  return lowering.binary(name, "divide", x, below);
};

/** A curve of input 0, which may be a map whose pixels were moved into the batch. */
export function through(curve: Curve): Lower {
  return (call): Outcome => {
    const outcome = call.outcome(0);
    return outcome.kind === "spread"
      ? { ...outcome, value: curve(call, outcome.value) }
      : curve(call, call.plain(outcome));
  };
}

/** x - log(sum(exp(x))) along the last axis, with the largest value taken off first. */
const logSoftmax: Curve = ({ lowering, name }, x) => {
  const last = [x.dims.length - 1];
  const part = (suffix: string) => `${name}/${suffix}`;
  const top = lowering.reduce(part("max"), "max", x, last, true);
  const shifted = lowering.binary(part("shifted"), "subtract", x, top);
  const powers = lowering.unary(part("exp"), "exp", shifted);
  const sum = lowering.reduce(part("sum"), "sum", powers, last, true);
  const log = lowering.unary(part("log"), "log", sum);
  return lowering.binary(name, "subtract", shifted, log);
};

const softmax: Curve = ({ lowering, name }, x) =>
  lowering.softmax(name, x, x.dims.length - 1);

export const activations: Readonly<Record<string, Lower>> = {
  Relu: through(relu),
  // it may be the middle of a hard sigmoid
  Relu6: (call) =>
    call.outcome(0).kind === "spread"
      ? through(relu6)(call)
      : (asLimit(call) ?? relu6(call, call.value(0))),
  LeakyRelu: through((call, x) =>
    leaky(call, x, call.attributes.float("alpha", 0.2)),
  ),
  Prelu: (call) =>
    call.lowering.prelu(call.name, call.value(0), call.constant(1, "slopes")),
  Elu: through(elu),
  Selu: through(plain(ops.selu)),
  Sigmoid: through(sigmoid),
  Tanh: through(tanh),
  Softplus: through(plain(ops.softplus)),
  Softsign: through(softsign),
  Softmax: (call) => softmax(call, call.value(0)),
  LogSoftmax: (call) => logSoftmax(call, call.value(0)),
};

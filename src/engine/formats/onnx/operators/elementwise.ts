/** Arithmetic value by value, and activation functions. */
import type { Op } from "../../../network/op";
import * as ops from "../../../network/ops/index";
import { uniform } from "../constants";
import type { BinaryKind, UnaryKind, Value } from "../../lowering/index";
import { valuesForOne } from "../batch";
import type { Call, Operator } from "../call";
import type { OnnxNode } from "../node";

export function unary(kind: UnaryKind): Operator {
  return (call) => call.lowering.unary(call.name, kind, call.value(0));
}

export function binary(kind: BinaryKind): Operator {
  return (call) => {
    const given = [call.value(0), call.value(1)];
    const [a, b] = valuesForOne(call, given);
    return a && b ? call.lowering.binary(call.name, kind, a, b) : [];
  };
}

/** Of any number of inputs. */
export function variadic(kind: BinaryKind): Operator {
  return (call) => {
    const [first, ...others] = call.values();
    if (!first) return [];
    return others.reduce(
      (a, b) => call.lowering.binary(call.name, kind, a, b),
      first,
    );
  };
}

export const mean: Operator = (call) => {
  const sum = variadic("add")(call);
  const [value] = [sum].flat();
  if (!value) return [];
  const divisor = call.scalar(call.inputs.length);
  return call.lowering.binary(call.name, "divide", value, divisor);
};

/** An activation of the engine; on constants by its formula. */
export function activation<A extends object>(
  op: Op<A>,
  attributes: (node: OnnxNode) => A,
  formula: (x: number, attributes: A) => number,
): Operator {
  return (call) =>
    activate(call, call.value(0), op, attributes(call.node), formula);
}

function activate<A extends object>(
  call: Call,
  x: Value,
  op: Op<A>,
  attributes: A,
  formula: (x: number, attributes: A) => number,
): Value {
  return x.kind === "constant"
    ? call.folding.map(call.name, x, (v) => formula(v, attributes))
    : call.lowering.activation(call.name, op, attributes, x);
}

const none = () => ({});
const logistic = (x: number) => 1 / (1 + Math.exp(-x));
const softPlus = (x: number) =>
  Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

export const sigmoid = activation(ops.sigmoid, none, logistic);
export const tanh = activation(ops.tanh, none, Math.tanh);
export const softplus = activation(ops.softplus, none, softPlus);
export const softsign = activation(
  ops.softsign,
  none,
  (x) => x / (1 + Math.abs(x)),
);
export const mish = activation(
  ops.mish,
  none,
  (x) => x * Math.tanh(softPlus(x)),
);
export const hardSwish = activation(
  ops.hardSwish,
  none,
  (x) => x * Math.min(1, Math.max(0, x / 6 + 0.5)),
);
export const hardSigmoid = activation(
  ops.hardSigmoid,
  (node) => ({
    slope: node.float("alpha", 0.2),
    offset: node.float("beta", 0.5),
  }),
  (x, { slope, offset }) => Math.min(1, Math.max(0, slope * x + offset)),
);
export const elu = activation(
  ops.elu,
  (node) => ({ alpha: node.float("alpha", 1) }),
  (x, { alpha }) => (x > 0 ? x : alpha * Math.expm1(x)),
);
export const celu = activation(
  ops.celu,
  (node) => ({ alpha: node.float("alpha", 1) }),
  (x, { alpha }) => (x > 0 ? x : alpha * Math.expm1(x / alpha)),
);
export const thresholdedRelu = activation(
  ops.thresholdedRelu,
  (node) => ({ threshold: node.float("alpha", 1) }),
  (x, { threshold }) => (x > threshold ? x : 0),
);

export const relu: Operator = (call) =>
  call.lowering.clip(call.name, call.value(0), 0, null);

export const leakyRelu: Operator = (call) => {
  const slope = call.node.float("alpha", 0.01);
  // a rectifier's slope is not negative
  if (slope < 0)
    return call.lowering.prelu(call.name, call.value(0), call.scalar(slope));
  return activate(
    call,
    call.value(0),
    ops.rectifier,
    { slope, ceiling: null },
    (x) => (x > 0 ? x : slope * x),
  );
};

export const prelu: Operator = (call) =>
  call.lowering.prelu(call.name, call.value(0), call.constant(1, "slope"));

/** gamma (x for x > 0, alpha (exp(x) - 1) elsewhere); the usual numbers are SELU's. */
export const selu: Operator = (call) => {
  const alpha = call.node.float("alpha", 1.6732631921768188);
  const gamma = call.node.float("gamma", 1.0507010221481323);
  const x = call.value(0);
  const isUsual =
    Math.abs(alpha - 1.6732632) < 1e-5 && Math.abs(gamma - 1.050701) < 1e-5;
  if (isUsual)
    return activate(call, x, ops.selu, {}, (v) =>
      v > 0 ? gamma * v : gamma * alpha * Math.expm1(v),
    );
  const bent = activate(call, x, ops.elu, { alpha }, (v) =>
    v > 0 ? v : alpha * Math.expm1(v),
  );
  return call.lowering.binary(call.name, "multiply", bent, call.scalar(gamma));
};

/** By the error function or by tanh; on constants in their parts. */
export const gelu: Operator = (call) => {
  const how = call.node.text("approximate", "none");
  const x = call.value(0);
  if (how !== "none" && how !== "tanh")
    call.node.damaged(`its approximation is "${how.slice(0, 100)}".`);
  const { lowering, name } = call;
  if (x.kind === "dynamic")
    return lowering.activation(
      name,
      how === "tanh" ? ops.geluTanh : ops.gelu,
      {},
      x,
    );
  if (how === "tanh")
    return call.folding.map(name, x, (v) => {
      const inner = Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3);
      return (v * (1 + Math.tanh(inner))) / 2;
    });
  const steep = lowering.binary(name, "multiply", x, call.scalar(Math.SQRT1_2));
  const curve = lowering.unary(name, "erf", steep);
  const phi = lowering.binary(name, "add", curve, call.scalar(1));
  const half = lowering.binary(name, "multiply", x, call.scalar(0.5));
  return lowering.binary(name, "multiply", half, phi);
};

/** x sigmoid(alpha x) */
export const swish: Operator = (call) => {
  const alpha = call.node.float("alpha", 1);
  const x = call.value(0);
  if (alpha === 1)
    return activate(call, x, ops.swish, {}, (v) => v * logistic(v));
  const { lowering, name } = call;
  const steep = lowering.binary(name, "multiply", x, call.scalar(alpha));
  const gate = activate(call, steep, ops.sigmoid, {}, logistic);
  return lowering.binary(name, "multiply", x, gate);
};

/** Limits were attributes before opset 11. */
export const clip: Operator = (call) => {
  const { node } = call;
  const limit = (attribute: string, i: number) =>
    call.opset >= 11
      ? call.number(i, attribute)
      : node.has(attribute)
        ? node.float(attribute, 0)
        : null;
  const low = limit("min", 1);
  const high = limit("max", 2);
  const x = call.value(0);
  // what is above both limits is set to the upper one
  if (low !== null && high !== null && low > high)
    node.refuse(
      `its limits are ${low} and ${high}.`,
      "The lower one comes first.",
    );
  return call.lowering.clip(call.name, x, low, high);
};

/**
 * x where the condition holds, y elsewhere. The condition is a constant; where x or y depends on the image it is a mask
 * that is multiplied.
 */
export const where: Operator = (call) => {
  const { lowering, folding, name } = call;
  const condition = call.constant(0, "condition");
  const [x, y] = [call.value(1), call.value(2)];
  const dims = broadcastDims(call, [condition, x, y]);
  const all = uniform(condition);
  if (all !== null) return lowering.expand(name, all ? x : y, dims);
  const pick = (value: Value, keep: boolean): Value => {
    const kept = (k: number) => (k !== 0) === keep;
    if (value.kind === "constant")
      return folding.zip(
        name,
        condition,
        value,
        (k, v) => (kept(k) ? finite(v) : 0),
        value.type,
      );
    const mask = folding.map(
      name,
      condition,
      (k) => (kept(k) ? 1 : 0),
      "float",
    );
    return lowering.binary(name, "multiply", value, mask);
  };
  const finite = (v: number) =>
    x.kind === "constant" && y.kind === "constant"
      ? v
      : Math.max(-lowest, Math.min(lowest, v));
  return lowering.binary(name, "add", pick(x, true), pick(y, false));
};

/** float32's, in place of an infinity that masks. */
const lowest = (2 - 2 ** -23) * 2 ** 127;

function broadcastDims(call: Call, values: readonly Value[]): number[] {
  const rank = Math.max(...values.map(({ dims }) => dims.length));
  return Array.from({ length: rank }, (_, i) => {
    const sizes = values.map(({ dims }) => dims[i - rank + dims.length] ?? 1);
    const size = sizes.find((s) => s !== 1) ?? 1;
    if (!sizes.every((s) => s === 1 || s === size))
      call.node.damaged("its inputs do not fit.");
    return size;
  });
}

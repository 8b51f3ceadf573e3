/** Normalizations, softmax and its logarithm. */
import { count, spell } from "../../../network/ops/check";
import type { Constant, Value } from "../../lowering/index";
import { weightOf, type Call, type Operator } from "../call";

/** Epsilon of everything but LpNormalization. */
const usualEpsilon = 1e-5;

export const batchNormalization: Operator = (call) => {
  const { node } = call;
  // before opset 14 more than one output says so
  const gives = node.outputs.filter((name) => name !== "").length;
  if (node.flag("training_mode") || (call.opset < 14 && gives > 1))
    node.refuse(
      "it is in training mode.",
      "Export the network for inference: model.eval().",
    );
  if (!node.flag("spatial", true))
    node.refuse("it normalises every pixel by itself.");
  const x = call.value(0);
  const channels = x.dims[1] ?? 1;
  const weights = {
    gamma: call.weight(1, "scale", [channels]),
    beta: call.weight(2, "bias", [channels]),
    mean: call.weight(3, "mean", [channels]),
    variance: call.weight(4, "variance", [channels]),
  };
  return call.lowering.batchNorm(call.name, x, weights, {
    axis: 1,
    epsilon: node.float("epsilon", usualEpsilon),
  });
};

export const layerNormalization: Operator = (call) => {
  const x = call.value(0);
  const axis = call.axis(call.node.int("axis", -1), x.dims.length);
  const epsilon = call.node.float("epsilon", usualEpsilon);
  return call.lowering.layerNorm(
    call.name,
    x,
    call.constant(1, "scale"),
    call.has(2) ? call.constant(2, "bias") : null,
    { axis, epsilon },
  );
};

/** x / sqrt(mean of x^2 + epsilon) times a scale. */
export const rootMeanSquare: Operator = (call) => {
  const { lowering, name } = call;
  const x = call.value(0);
  const axis = call.axis(call.node.int("axis", -1), x.dims.length);
  const axes = x.dims.map((_, i) => i).slice(axis);
  const epsilon = call.scalar(call.node.float("epsilon", usualEpsilon));
  const squares = lowering.unary(name, "square", x);
  const mean = lowering.reduce(name, "mean", squares, axes, true);
  const above = lowering.binary(name, "add", mean, epsilon);
  const inverse = lowering.unary(name, "rsqrt", above);
  const even = lowering.binary(name, "multiply", x, inverse);
  return lowering.binary(name, "multiply", even, call.value(1));
};

/** Every channel of every image by itself. */
export const instanceNormalization: Operator = (call) => {
  const x = call.value(0);
  const channels = x.dims[1] ?? 1;
  const epsilon = call.node.float("epsilon", usualEpsilon);
  const even = call.lowering.layerNorm(call.name, x, null, null, {
    axis: 2,
    epsilon,
  });
  return scaled(
    call,
    even,
    weightOf(call, call.constant(1, "scale"), "scale", [channels]).data,
    weightOf(call, call.constant(2, "bias"), "bias", [channels]).data,
  );
};

/** Channels in groups; scale and bias are the groups' before opset 21, the channels' since. */
export const groupNormalization: Operator = (call) => {
  const { lowering, name, node } = call;
  const x = call.value(0);
  const channels = x.dims[1] ?? 1;
  const groups = node.int("num_groups", 0);
  if (groups < 1 || channels % groups !== 0)
    node.damaged(`${channels} channels are no ${groups} groups.`);
  const epsilon = node.float("epsilon", usualEpsilon);
  const each = channels / groups;
  const apart = [x.dims[0] ?? 1, groups, each, ...x.dims.slice(2)];
  const cut = lowering.reshape(name, x, apart);
  const even = lowering.layerNorm(name, cut, null, null, { axis: 2, epsilon });
  const whole = lowering.reshape(name, even, x.dims);
  const perChannel = (i: number, what: string) => {
    const own = call.opset >= 21;
    const { data } = call.weight(i, what, [own ? channels : groups]);
    if (own) return data;
    const spread = new Float32Array(channels);
    for (let c = 0; c < channels; c++)
      spread[c] = data[Math.floor(c / each)] ?? 0;
    return spread;
  };
  return scaled(call, whole, perChannel(1, "scale"), perChannel(2, "bias"));
};

/** x * scale + bias along the channels, axis 1. */
function scaled(
  call: Call,
  x: Value,
  scale: Float32Array,
  bias: Float32Array,
): Value {
  const { lowering, name } = call;
  const shape = [scale.length];
  return lowering.batchNorm(
    name,
    x,
    {
      gamma: { shape, data: scale },
      beta: { shape, data: bias },
      mean: { shape, data: new Float32Array(scale.length) },
      variance: { shape, data: new Float32Array(scale.length).fill(1) },
    },
    { axis: 1, epsilon: 0 },
  );
}

export const lpNormalization: Operator = (call) => {
  const { lowering, name, node } = call;
  const x = call.value(0);
  const axis = call.axis(node.int("axis", -1), x.dims.length);
  const p = node.int("p", 2);
  if (p !== 1 && p !== 2) node.damaged(`its p is ${p}.`);
  const sizes = lowering.unary(name, p === 1 ? "abs" : "square", x);
  const sum = lowering.reduce(name, "sum", sizes, [axis], true);
  const norm = p === 1 ? sum : lowering.unary(name, "sqrt", sum);
  return lowering.binary(name, "divide", x, norm);
};

/** Before opset 13 over all axes from `axis` (1) on together, since then along one (the last). */
function alongAxes(call: Call, use: (x: Value, axis: number) => Value): Value {
  const { lowering, name, node } = call;
  const x = call.value(0);
  const rank = x.dims.length;
  if (call.opset >= 13) return use(x, call.axis(node.int("axis", -1), rank));
  const axis = call.axis(node.int("axis", 1), rank);
  const after = x.dims.slice(axis);
  const wide = after.flatMap((d, i) => (d === 1 ? [] : [axis + i]));
  const [only, second] = wide;
  if (second === undefined) return use(x, only ?? axis);
  const flat = [count(x.dims.slice(0, axis)), count(after)];
  const laid = lowering.reshape(name, x, flat);
  return lowering.reshape(name, use(laid, 1), x.dims);
}

export const softmax: Operator = (call) =>
  alongAxes(call, (x, axis) =>
    x.kind === "constant"
      ? divided(call, x, axis)
      : call.lowering.softmax(call.name, x, axis),
  );

export const logSoftmax: Operator = (call) =>
  alongAxes(call, (x, axis) => {
    const { lowering, name } = call;
    const sum = logSumExp(call, x, [axis], true);
    return lowering.binary(name, "subtract", x, sum);
  });

function divided(call: Call, x: Constant, axis: number): Value {
  const { lowering, name } = call;
  const most = lowering.reduce(name, "max", x, [axis], true);
  const lower = lowering.binary(name, "subtract", x, most);
  const powers = lowering.unary(name, "exp", lower);
  const sum = lowering.reduce(name, "sum", powers, [axis], true);
  return lowering.binary(name, "divide", powers, sum);
}

/** log of the sum of exp(x), by the largest value, so that nothing overflows. */
export function logSumExp(
  call: Call,
  x: Value,
  axes: readonly number[],
  keepDims: boolean,
): Value {
  const { lowering, name } = call;
  const most = lowering.reduce(name, "max", x, axes, true);
  const lower = lowering.binary(name, "subtract", x, most);
  const powers = lowering.unary(name, "exp", lower);
  const sum = lowering.reduce(name, "sum", powers, axes, true);
  const log = lowering.unary(name, "log", sum);
  const whole = lowering.binary(name, "add", log, most);
  if (keepDims) return whole;
  const dims = x.dims.filter((_, i) => !axes.includes(i));
  if (count(dims) !== count(whole.dims))
    call.node.damaged(`it reduces ${spell(x.dims)} along ${spell(axes)}.`);
  return lowering.reshape(name, whole, dims);
}

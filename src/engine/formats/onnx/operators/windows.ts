/** Convolutions and pools over maps [batch, channel, height, width]. */
import { reach, type Pads, type Pair } from "../../../network/ops/window";
import { spell } from "../../../network/ops/check";
import type { Weight } from "../../../network/op";
import type { Constant, Value } from "../../lowering/index";
import { weightOf, type Call, type Operator } from "../call";

const order = "NCHW";

interface Window {
  readonly size: Pair;
  readonly strides: Pair;
  readonly dilations: Pair;
  readonly padding: Pads;
}

/** [1, channel, height, width] of the input. */
function mapDims(call: Call, x: Value): readonly [number, number, number] {
  const [, channels, height, width] = x.dims;
  if (
    x.dims.length !== 4 ||
    channels === undefined ||
    height === undefined ||
    width === undefined
  )
    return call.node.refuse(
      `its input has the shape ${spell(x.dims)}.`,
      "It works on maps [batch, channel, height, width].",
    );
  return [channels, height, width];
}

function pairOf(call: Call, attribute: string, missing: Pair): Pair {
  const list = call.node.ints(attribute);
  if (!list) return missing;
  const [height, width] = list;
  if (
    list.length !== 2 ||
    height === undefined ||
    width === undefined ||
    height < 1 ||
    width < 1
  )
    return call.node.damaged(`its ${attribute} are ${spell(list)}.`);
  return [height, width];
}

function windowOf(call: Call, size: Pair, input: Pair): Window {
  const strides = pairOf(call, "strides", [1, 1]);
  const dilations = pairOf(call, "dilations", [1, 1]);
  return {
    size,
    strides,
    dilations,
    padding: paddingOf(call, (axis) => {
      const output = Math.ceil(input[axis] / strides[axis]);
      return (
        (output - 1) * strides[axis] +
        reach(size[axis], dilations[axis]) -
        input[axis]
      );
    }),
  };
}

/** `total`: what SAME adds along an axis; its odd pixel comes last (UPPER) or first (LOWER). */
function paddingOf(call: Call, total: (axis: 0 | 1) => number): Pads {
  const { node } = call;
  const how = node.text("auto_pad", "NOTSET");
  const same = (axis: 0 | 1): Pair => {
    const all = Math.max(0, total(axis));
    const less = Math.floor(all / 2);
    return how === "SAME_UPPER" ? [less, all - less] : [all - less, less];
  };
  switch (how) {
    case "SAME_UPPER":
    case "SAME_LOWER":
      return [same(0), same(1)];
    case "VALID":
      return none;
    case "NOTSET":
      return padsOf(call);
    default:
      return node.damaged(`its auto_pad is "${how.slice(0, 100)}".`);
  }
}

const none: Pads = [
  [0, 0],
  [0, 0],
];

/** [top, left, bottom, right] */
function padsOf(call: Call): Pads {
  const list = call.node.ints("pads");
  if (!list) return none;
  const [top, left, bottom, right] = list;
  if (
    list.length !== 4 ||
    top === undefined ||
    left === undefined ||
    bottom === undefined ||
    right === undefined
  )
    return call.node.damaged(`its pads are ${spell(list)}.`);
  return [
    [top, bottom],
    [left, right],
  ];
}

/** A kernel [a, b, height, width] and its size, which the node may give as well. */
function kernelOf(call: Call): { kernel: Constant; size: Pair } {
  const kernel = call.constant(1, "kernel");
  const [, , height, width] = kernel.dims;
  if (kernel.dims.length !== 4 || height === undefined || width === undefined)
    return call.node.refuse(
      `its kernel has the shape ${spell(kernel.dims)}.`,
      "Supported are convolutions over height and width.",
    );
  const given = pairOf(call, "kernel_shape", [height, width]);
  if (given[0] !== height || given[1] !== width)
    call.node.damaged(
      `its kernel has the shape ${spell(kernel.dims)} and should be ${given.join(" x ")}.`,
    );
  return { kernel, size: [height, width] };
}

/** With its axes in another order. */
function laidOut(
  call: Call,
  kernel: Constant,
  axes: readonly number[],
): Weight {
  const laid = call.lowering.transpose(call.name, kernel, axes);
  if (laid.kind !== "constant") throw new RangeError("constants stay constant");
  return weightOf(
    call,
    laid,
    "kernel",
    axes.map(() => null),
  );
}

export const conv: Operator = (call) => {
  const x = call.value(0);
  const [, ...input] = mapDims(call, x);
  const { kernel, size } = kernelOf(call);
  const window = windowOf(call, size, input);
  return call.lowering.conv2d(
    call.name,
    x,
    laidOut(call, kernel, [2, 3, 1, 0]),
    call.has(2) ? call.weight(2, "bias", [kernel.dims[0] ?? 0]) : null,
    {
      order,
      strides: window.strides,
      dilations: window.dilations,
      padding: window.padding,
      groups: call.node.int("group", 1),
    },
  );
};

/**
 * Transposed: pads are cut off the full result; what is left over is SAME's (input x stride) or the output's shape.
 * The kernel is [in, out / groups, height, width].
 */
export const convTranspose: Operator = (call) => {
  const { node } = call;
  const x = call.value(0);
  const [, ...input] = mapDims(call, x);
  const { kernel, size } = kernelOf(call);
  const groups = node.int("group", 1);
  const strides = pairOf(call, "strides", [1, 1]);
  const dilations = pairOf(call, "dilations", [1, 1]);
  const [extraRows = 0, extraColumns = 0] = node.ints("output_padding") ?? [];
  const extra: Pair = [extraRows, extraColumns];
  const shape = node.ints("output_shape")?.slice(-2);
  /** Without padding. */
  const full = (axis: 0 | 1) =>
    (input[axis] - 1) * strides[axis] +
    extra[axis] +
    reach(size[axis], dilations[axis]);
  const padding = shape
    ? cutTo(call, full, shape)
    : paddingOf(call, (axis) => full(axis) - input[axis] * strides[axis]);
  return call.lowering.convTranspose2d(
    call.name,
    x,
    laidOut(call, kernel, [2, 3, 1, 0]),
    call.has(2)
      ? call.weight(2, "bias", [(kernel.dims[1] ?? 0) * groups])
      : null,
    { order, strides, dilations, padding, outputPadding: extra, groups },
  );
};

/** What is cut off for an output of this shape: the odd pixel first, but with SAME_UPPER last. */
function cutTo(
  call: Call,
  full: (axis: 0 | 1) => number,
  shape: readonly number[],
): Pads {
  const isUpper = call.node.text("auto_pad", "NOTSET") === "SAME_UPPER";
  const along = (axis: 0 | 1): Pair => {
    const all = full(axis) - (shape[axis] ?? 0);
    const less = Math.floor(all / 2);
    return isUpper ? [less, all - less] : [all - less, less];
  };
  return [along(0), along(1)];
}

function poolWindow(call: Call, x: Value): Window {
  const [, ...input] = mapDims(call, x);
  if (!call.node.has("kernel_shape"))
    call.node.damaged("it has no kernel_shape.");
  return windowOf(call, pairOf(call, "kernel_shape", [1, 1]), input);
}

function pool(call: Call, kind: "max" | "average"): Value {
  const x = call.value(0);
  const { size, ...window } = poolWindow(call, x);
  return call.lowering.pool(call.name, kind, x, {
    ...window,
    order,
    window: size,
    ceil: call.node.flag("ceil_mode"),
    countPadding: call.node.flag("count_include_pad"),
  });
}

export const maxPool: Operator = (call) => pool(call, "max");

export const averagePool: Operator = (call) => pool(call, "average");

/** Over all axes from the third on. */
export function globalPool(kind: "mean" | "max"): Operator {
  return (call) => {
    const x = call.value(0);
    const axes = x.dims.map((_, i) => i).slice(2);
    return call.lowering.reduce(call.name, kind, x, axes, true);
  };
}

export const localResponse: Operator = (call) => {
  const { node } = call;
  const x = call.value(0);
  mapDims(call, x);
  return call.lowering.localResponseNorm(call.name, x, {
    order,
    size: node.int("size", 0),
    alpha: node.float("alpha", 1e-4),
    beta: node.float("beta", 0.75),
    bias: node.float("bias", 1),
  });
};

/** Operations written between the layers: Keras 3's own, and TensorFlow's functions that Keras 2 wraps. */
import type { Op } from "../../../network/op";
import * as ops from "../../../network/ops/index";
import type { Arguments } from "../../arguments";
import { activationOf } from "../activations";
import { numbersIn } from "../config";
import { channelsLast } from "../settings";
import { addActivation } from "./activation";
import { addClip, arithmetic, combine } from "./arithmetic";
import {
  axesOf,
  axisOf,
  damaged,
  only,
  refused,
  type LayerKind,
} from "./context";
import { getItem } from "./indexing";
import { addAffine } from "./normalization";
import { addConcat, addReshape, addResize, addTranspose } from "./shape";
import {
  flagOf,
  listOf,
  numberOf,
  operation,
  optionalNumberOf,
  valueOf,
} from "./values";

function unary(op: Op<Record<string, never>>): LayerKind {
  return operation({}, (context) =>
    context.add(op, context.name, [only(context)], {}),
  );
}

/** An activation by Keras' name, with its usual numbers. */
function activation(name: string): LayerKind {
  return operation({}, (context) => {
    const found = activationOf(name, context.version);
    const input = only(context);
    return found ? addActivation(context, context.name, input, found) : input;
  });
}

function reduce(kind: "mean" | "sum" | "max" | "min"): LayerKind {
  // numpy's start of a maximum, which counts as one more value
  const others: Arguments =
    kind === "max" || kind === "min" ? { initial: { only: [null] } } : {};
  const parameters: Arguments = { axis: "read", keepdims: "read", ...others };
  return operation(parameters, (context) => {
    const input = only(context);
    const shape = context.shapeOf(input);
    const axes = axesOf(context, valueOf(context, "axis"), shape);
    const keepDims = flagOf(context, "keepdims", false);
    const isMap = shape.length === 3 && axes.length === 2;
    return kind === "mean" && isMap && !axes.includes(2)
      ? context.add(ops.globalAverage, context.name, [input], { keepDims })
      : context.add(ops.reduce, context.name, [input], {
          kind,
          axes,
          keepDims,
        });
  });
}

const clip = operation({ x_min: "read", x_max: "read" }, (context) =>
  addClip(
    context,
    context.name,
    only(context),
    optionalNumberOf(context, "x_min"),
    optionalNumberOf(context, "x_max"),
  ),
);

/** Softmax along the channels, or the logarithm of it. */
function softmax(name: "softmax" | "log_softmax"): LayerKind {
  return operation({ axis: "read" }, (context) => {
    const input = only(context);
    const shape = context.shapeOf(input);
    const axes = axesOf(context, valueOf(context, "axis") ?? -1, shape);
    if (axes.length !== 1 || axes[0] !== shape.length - 1)
      throw refused(
        context,
        `takes softmax along the axis ${JSON.stringify(valueOf(context, "axis"))}`,
        "Supported is the last axis, the channels.",
      );
    const found = activationOf(name, context.version);
    return found ? addActivation(context, context.name, input, found) : input;
  });
}

const gelu = operation({ approximate: "read" }, (context) => {
  const op = flagOf(context, "approximate", true) ? ops.geluTanh : ops.gelu;
  return context.add(op, context.name, [only(context)], {});
});

/** x sigmoid(beta x) = swish(beta x) / beta */
const silu = operation({ beta: "read" }, (context) => {
  const { name } = context;
  const input = only(context);
  const beta = numberOf(context, "beta", 1);
  if (beta === 1) return context.add(ops.swish, name, [input], {});
  if (beta === 0) return addAffine(context, name, input, [0.5], [0]);
  const steep = addAffine(context, `${name}/beta`, input, [beta], [0]);
  const gated = context.add(ops.swish, `${name}/swish`, [steep], {});
  return addAffine(context, name, gated, [1 / beta], [0]);
});

const leakyRelu = operation({ negative_slope: "read" }, (context) =>
  context.add(ops.rectifier, context.name, [only(context)], {
    slope: numberOf(context, "negative_slope", 0.2),
    ceiling: null,
  }),
);

function withAlpha(op: Op<{ readonly alpha: number }>): LayerKind {
  return operation({ alpha: "read" }, (context) =>
    context.add(op, context.name, [only(context)], {
      alpha: numberOf(context, "alpha", 1),
    }),
  );
}

const biasAdd: LayerKind = {
  ...operation({ bias: "read", data_format: channelsLast }, (context) =>
    combine(context, "add", [
      only(context),
      numbersIn(valueOf(context, "bias")) ?? [],
    ]),
  ),
  preparation: true,
};

const concatenate: LayerKind = {
  settings: {},
  parameters: { xs: "read", axis: "read" },
  build(context) {
    const [first = ""] = context.inputs;
    const shape = context.shapeOf(first);
    return addConcat(context, axisOf(context, valueOf(context, "axis"), shape));
  },
};

/** Values side by side along a new axis. */
const stack: LayerKind = {
  settings: {},
  parameters: { xs: "read", axis: "read" },
  build(context) {
    const { inputs, name } = context;
    const shape = [...context.shapeOf(inputs[0] ?? "")];
    const axis = axisOf(context, valueOf(context, "axis"), [...shape, 1]);
    shape.splice(axis, 0, 1);
    const parts = inputs.map((input, i) =>
      context.add(ops.reshape, `${name}/part ${i}`, [input], { shape }),
    );
    return addConcat({ ...context, inputs: parts }, axis);
  },
};

const reshape = operation({ newshape: "read" }, (context) => {
  // the batch comes first, and stays
  const [, ...dims] = listOf(context, "newshape");
  return addReshape(context, only(context), dims);
});

const transpose = operation({ axes: "read" }, (context) => {
  const input = only(context);
  const [images, ...order] = listOf(context, "axes");
  if (images !== 0)
    throw refused(
      context,
      "moves the axis of the images",
      "Supported are orders of the other axes.",
    );
  return addTranspose(
    context,
    input,
    order.map((axis) => (axis ?? 0) - 1),
  );
});

const squeeze = operation({ axis: "read" }, (context) => {
  const input = only(context);
  const shape = context.shapeOf(input);
  const axes = axesOf(context, valueOf(context, "axis"), shape);
  if (axes.some((axis) => shape[axis] !== 1))
    throw damaged(`The layer "${context.name}" takes off more than ones.`);
  const dims = shape.filter((_, i) => !axes.includes(i));
  return addReshape(context, input, dims);
});

const expandDims = operation({ axis: "read" }, (context) => {
  const input = only(context);
  const shape = [...context.shapeOf(input)];
  const axis = axisOf(context, optionalNumberOf(context, "axis"), [
    ...shape,
    1,
  ]);
  shape.splice(axis, 0, 1);
  return addReshape(context, input, shape);
});

const resize = operation(
  {
    size: "read",
    interpolation: "read",
    antialias: { only: [null, false] },
    crop_to_aspect_ratio: { only: [null, false] },
    pad_to_aspect_ratio: { only: [null, false] },
    preserve_aspect_ratio: { only: [null, false] },
    // around what was padded to the aspect ratio
    fill_mode: "ignored",
    fill_value: "ignored",
    data_format: channelsLast,
  },
  (context) => {
    const [height, width, ...others] = listOf(context, "size");
    const method = valueOf(context, "interpolation") ?? "bilinear";
    if (!height || !width || others.length > 0)
      throw damaged(
        `The layer "${context.name}" has the size ${JSON.stringify(valueOf(context, "size"))}.`,
      );
    if (method !== "bilinear" && method !== "nearest")
      throw refused(
        context,
        `resizes with ${JSON.stringify(method)}`,
        "Supported are the methods bilinear and nearest.",
      );
    return addResize(
      { ...context, inputs: [only(context)] },
      [height, width],
      method,
    );
  },
);

const floats: readonly unknown[] = [
  "float16",
  "bfloat16",
  "float32",
  "float64",
];

/** Between kinds of floats, all of which are computed in float32 here. */
const cast = operation({ dtype: "read" }, (context) => {
  const dtype = valueOf(context, "dtype");
  if (!floats.includes(dtype))
    throw refused(
      context,
      `casts to ${JSON.stringify(dtype)?.slice(0, 100)} (dtype), which truncates values and has no gradient`,
      "Supported are casts to floats.",
    );
  return only(context);
});

/** By the names of Keras 3's classes. */
export const operations: Readonly<Record<string, LayerKind>> = {
  Add: arithmetic("add"),
  Subtract: arithmetic("subtract"),
  Multiply: arithmetic("multiply"),
  Divide: arithmetic("divide"),
  TrueDivide: arithmetic("divide"),
  Maximum: arithmetic("maximum"),
  Minimum: arithmetic("minimum"),
  Power: arithmetic("power"),
  BiasAdd: biasAdd,
  Negative: unary(ops.negate),
  Absolute: unary(ops.abs),
  Abs: unary(ops.abs),
  Square: unary(ops.square),
  Sqrt: unary(ops.sqrt),
  Rsqrt: unary(ops.rsqrt),
  Reciprocal: unary(ops.reciprocal),
  Exp: unary(ops.exp),
  Log: unary(ops.log),
  Erf: unary(ops.erf),
  Sin: unary(ops.sin),
  Cos: unary(ops.cos),
  Relu: activation("relu"),
  Relu6: activation("relu6"),
  LeakyRelu: leakyRelu,
  Elu: withAlpha(ops.elu),
  Celu: withAlpha(ops.celu),
  Selu: activation("selu"),
  Gelu: gelu,
  Sigmoid: activation("sigmoid"),
  HardSigmoid: activation("hard_sigmoid"),
  Silu: silu,
  HardSilu: activation("hard_silu"),
  Tanh: activation("tanh"),
  Softplus: activation("softplus"),
  Softsign: activation("softsign"),
  Mish: activation("mish"),
  LogSigmoid: activation("log_sigmoid"),
  HardTanh: activation("hard_tanh"),
  Softmax: softmax("softmax"),
  LogSoftmax: softmax("log_softmax"),
  Clip: clip,
  Mean: reduce("mean"),
  Sum: reduce("sum"),
  Max: reduce("max"),
  Min: reduce("min"),
  Concatenate: concatenate,
  Stack: stack,
  Reshape: reshape,
  Transpose: transpose,
  Squeeze: squeeze,
  ExpandDims: expandDims,
  GetItem: getItem,
  Resize: resize,
  Cast: cast,
  Identity: operation({}, only),
  StopGradient: unary(ops.stopGradient),
};

/** Operations written between the layers: Keras 3's own, and TensorFlow's functions that Keras 2 wraps. */
import type { Op } from "../../../network/op";
import * as ops from "../../../network/ops/index";
import { activationOf } from "../activations";
import { numbersIn } from "../config";
import { isObject } from "../../json";
import { addActivation } from "./activation";
import { addClip, arithmetic, combine } from "./arithmetic";
import {
  axesOf,
  axisOf,
  damaged,
  refused,
  type LayerContext,
  type LayerKind,
} from "./context";
import {
  addConcat,
  addIndex,
  addReshape,
  addResize,
  addTranspose,
  type IndexItem,
} from "./shape";

/** The first node among what it is called with. */
function first(context: LayerContext): string {
  const [input] = context.inputs;
  if (input === undefined)
    throw damaged(`The layer "${context.name}" reads no output of a layer.`);
  return input;
}

/** A value it is called with, by its place or one of its names, or of its config; null where there is none. */
function valueOf(
  { args, named, config, name }: LayerContext,
  place: number,
  ...names: readonly string[]
): unknown {
  const argument =
    names.map((key) => named.get(key)).find((found) => found !== undefined) ??
    args[place];
  if (argument && argument.kind !== "value")
    throw refused(
      { name },
      `takes its ${names[0]} from other layers`,
      "Supported are numbers that are written into the network.",
    );
  if (argument) return argument.value ?? null;
  const key = names.find((k) => config.raw(k) !== null);
  return key === undefined ? null : config.raw(key);
}

function numberOf(
  context: LayerContext,
  place: number,
  usual: number | null,
  ...names: readonly string[]
): number | null {
  const value = valueOf(context, place, ...names);
  if (value === null) return usual;
  const [number, ...others] = numbersIn(value) ?? [];
  if (number === undefined || others.length > 0)
    throw damaged(
      `The layer "${context.name}" has the ${names[0]} ${JSON.stringify(value)?.slice(0, 100)}.`,
    );
  return number;
}

function flagOf(
  context: LayerContext,
  place: number,
  usual: boolean,
  ...names: readonly string[]
): boolean {
  const value = valueOf(context, place, ...names) ?? usual;
  return value === true || value === 1;
}

function listOf(
  context: LayerContext,
  place: number,
  ...names: readonly string[]
): (number | null)[] {
  const value = valueOf(context, place, ...names);
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.map((item) => {
    if (item === null || Number.isSafeInteger(item))
      return item as number | null;
    throw damaged(
      `The layer "${context.name}" has the ${names[0]} ${JSON.stringify(value)?.slice(0, 100)}.`,
    );
  });
}

function unary(op: Op<Record<string, never>>): LayerKind {
  return {
    build: (context) => context.add(op, context.name, [first(context)], {}),
  };
}

/** An activation by Keras' name, with its usual numbers. */
function activation(name: string): LayerKind {
  return {
    build(context) {
      const found = activationOf(name, context.version);
      const input = first(context);
      return found ? addActivation(context, context.name, input, found) : input;
    },
  };
}

const same: LayerKind = { build: first };

function reduce(kind: "mean" | "sum" | "max" | "min"): LayerKind {
  return {
    build(context) {
      const input = first(context);
      const shape = context.shapeOf(input);
      const axes = axesOf(context, valueOf(context, 1, "axis"), shape);
      const keepDims = flagOf(context, 2, false, "keepdims");
      const isMap = shape.length === 3 && axes.length === 2;
      return kind === "mean" && isMap && !axes.includes(2)
        ? context.add(ops.globalAverage, context.name, [input], { keepDims })
        : context.add(ops.reduce, context.name, [input], {
            kind,
            axes,
            keepDims,
          });
    },
  };
}

const clip: LayerKind = {
  build: (context) =>
    addClip(
      context,
      context.name,
      first(context),
      numberOf(context, 1, null, "x_min", "clip_value_min"),
      numberOf(context, 2, null, "x_max", "clip_value_max"),
    ),
};

const softmax: LayerKind = {
  build(context) {
    const input = first(context);
    const shape = context.shapeOf(input);
    const axis = numberOf(context, 1, -1, "axis");
    if (axisOf(context, axis, shape) !== shape.length - 1)
      throw refused(
        context,
        `takes softmax along axis ${axis}`,
        "Supported is the last axis, the channels.",
      );
    return context.add(ops.softmax, context.name, [input], {});
  },
};

/** Keras 3's is approximate unless it says otherwise, TensorFlow's is not. */
const gelu: LayerKind = {
  build(context) {
    const usual = context.version === 3;
    const isRough = flagOf(context, 1, usual, "approximate");
    const op = isRough ? ops.geluTanh : ops.gelu;
    return context.add(op, context.name, [first(context)], {});
  },
};

const leakyRelu: LayerKind = {
  build: (context) =>
    context.add(ops.rectifier, context.name, [first(context)], {
      slope: numberOf(context, 1, 0.2, "negative_slope", "alpha") ?? 0.2,
      ceiling: null,
    }),
};

const elu: LayerKind = {
  build: (context) =>
    context.add(ops.elu, context.name, [first(context)], {
      alpha: numberOf(context, 1, 1, "alpha") ?? 1,
    }),
};

const biasAdd: LayerKind = {
  preparation: true,
  build: (context) =>
    combine(context, "add", [
      first(context),
      numbersIn(valueOf(context, 1, "bias")) ?? [],
    ]),
};

const concatenate: LayerKind = {
  build(context) {
    const axis = valueOf(context, 1, "axis") ?? -1;
    const shape = context.shapeOf(first(context));
    return addConcat(context, axisOf(context, axis, shape));
  },
};

const reshape: LayerKind = {
  build(context) {
    // the batch comes first, and stays
    const [, ...dims] = listOf(context, 1, "newshape", "shape");
    return addReshape(context, first(context), dims);
  },
};

const transpose: LayerKind = {
  build(context) {
    const input = first(context);
    const [images, ...order] = listOf(context, 1, "axes", "perm");
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
  },
};

const squeeze: LayerKind = {
  build(context) {
    const input = first(context);
    const shape = context.shapeOf(input);
    const axes = axesOf(
      context,
      valueOf(context, 1, "axis", "squeeze_dims"),
      shape,
    );
    if (axes.some((axis) => shape[axis] !== 1))
      throw damaged(`The layer "${context.name}" takes off more than ones.`);
    const dims = shape.filter((_, i) => !axes.includes(i));
    return addReshape(context, input, dims);
  },
};

const expandDims: LayerKind = {
  build(context) {
    const input = first(context);
    const shape = [...context.shapeOf(input)];
    const axis = axisOf(context, numberOf(context, 1, null, "axis"), [
      ...shape,
      1,
    ]);
    shape.splice(axis, 0, 1);
    return addReshape(context, input, shape);
  },
};

const getItem: LayerKind = {
  build(context) {
    const key = valueOf(context, 1, "key", "slice_spec");
    const list: unknown[] = Array.isArray(key) ? key : [key];
    const input = first(context);
    const rank = context.shapeOf(input).length + 1;
    const items: IndexItem[] = [];
    for (const [i, item] of list.entries()) {
      const rest = list.length - i - 1;
      if (isObject(item) && item["class_name"] === "__ellipsis__")
        while (items.length + rest < rank) items.push(null);
      else items.push(itemOf(context, item));
    }
    return addIndex(context, input, items);
  },
};

function itemOf(context: LayerContext, item: unknown): IndexItem {
  if (typeof item === "number" && Number.isSafeInteger(item)) return item;
  if (isObject(item)) {
    const [start, stop, step] = ["start", "stop", "step"].map(
      (key) => item[key] ?? null,
    );
    if (isPlace(start) && isPlace(stop) && isPlace(step))
      return { start, stop, step };
  }
  throw refused(
    context,
    `picks ${JSON.stringify(item)?.slice(0, 100)}`,
    "Supported are places, and ranges with a start, an end and a step.",
  );
}

function isPlace(value: unknown): value is number | null {
  return value === null || Number.isSafeInteger(value);
}

const resize: LayerKind = {
  build(context) {
    const [height, width] = listOf(context, 1, "size");
    const method = valueOf(context, 2, "interpolation", "method") ?? "bilinear";
    const odd = [
      "antialias",
      "crop_to_aspect_ratio",
      "pad_to_aspect_ratio",
      "preserve_aspect_ratio",
    ].find((key) => flagOf(context, Infinity, false, key));
    if (odd || (method !== "bilinear" && method !== "nearest"))
      throw refused(
        context,
        `resizes with ${odd ?? JSON.stringify(method)}`,
        "Supported are the methods bilinear and nearest.",
      );
    return addResize(
      { ...context, inputs: [first(context)] },
      [height ?? 0, width ?? 0],
      method,
    );
  },
};

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
  Relu: activation("relu"),
  Relu6: activation("relu6"),
  LeakyRelu: leakyRelu,
  Elu: elu,
  Selu: activation("selu"),
  Gelu: gelu,
  Sigmoid: activation("sigmoid"),
  HardSigmoid: activation("hard_sigmoid"),
  Silu: activation("silu"),
  HardSilu: activation("hard_silu"),
  Tanh: activation("tanh"),
  Softplus: activation("softplus"),
  Softsign: activation("softsign"),
  Mish: activation("mish"),
  LogSigmoid: activation("log_sigmoid"),
  HardTanh: activation("hard_tanh"),
  Softmax: softmax,
  Clip: clip,
  Mean: reduce("mean"),
  Sum: reduce("sum"),
  Max: reduce("max"),
  Min: reduce("min"),
  Concatenate: concatenate,
  Reshape: reshape,
  Transpose: transpose,
  Squeeze: squeeze,
  ExpandDims: expandDims,
  GetItem: getItem,
  Resize: resize,
  Cast: same,
  Identity: same,
  StopGradient: unary(ops.stopGradient),
};

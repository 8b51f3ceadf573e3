/** TensorFlow's functions that Keras 2 wraps as layers: operations under other names. */
import type { ArgumentUse, Arguments } from "../../arguments";
import type { LayerKind } from "./context";
import { operations } from "./operations";

/**
 * One of TensorFlow's functions: the operation it is, and its parameters by TensorFlow's names, each with the
 * operation's name for it, or with what becomes of it where the operation has none. `name` is everyone's.
 */
function as(
  operation: string,
  parameters: Readonly<Record<string, string | { readonly use: ArgumentUse }>>,
): LayerKind {
  const found = operations[operation];
  if (!found?.parameters) throw new RangeError(`no operation ${operation}`);
  const own: Record<string, ArgumentUse> = { name: "ignored" };
  const names: Record<string, string> = {};
  for (const [parameter, target] of Object.entries(parameters)) {
    if (typeof target !== "string") own[parameter] = target.use;
    else {
      own[parameter] = found.parameters[target] ?? "read";
      names[parameter] = target;
    }
  }
  const ordered: Arguments = Object.fromEntries(
    [...Object.keys(parameters), "name"].map((key) => [
      key,
      own[key] ?? "ignored",
    ]),
  );
  return { ...found, parameters: ordered, names };
}

const only = (...values: readonly unknown[]) => ({ use: { only: values } });

const binary = { x: "x1", y: "x2" };
const unary = { x: "x" };
const ofFeatures = { features: "x" };
/** Other names that functions of TensorFlow 1 take them by as well. */
const reduced = {
  input_tensor: "x",
  axis: "axis",
  keepdims: "keepdims",
  reduction_indices: only(null),
  keep_dims: only(null),
};
const alongAxis = { logits: "x", axis: "axis", dim: only(null) };

/** As Keras 2 names them in a TFOpLambda. */
export const functions: Readonly<Record<string, LayerKind>> = {
  "__operators__.add": as("Add", binary),
  "__operators__.getitem": as("GetItem", {
    tensor: "x",
    slice_spec: "key",
    var: only(null),
  }),
  "math.add": as("Add", binary),
  "math.subtract": as("Subtract", binary),
  "math.multiply": as("Multiply", binary),
  "math.divide": as("Divide", binary),
  "math.truediv": as("TrueDivide", binary),
  "math.maximum": as("Maximum", binary),
  "math.minimum": as("Minimum", binary),
  "math.pow": as("Power", binary),
  "math.negative": as("Negative", unary),
  "math.abs": as("Abs", unary),
  "math.square": as("Square", unary),
  "math.sqrt": as("Sqrt", unary),
  "math.rsqrt": as("Rsqrt", unary),
  "math.reciprocal": as("Reciprocal", unary),
  "math.exp": as("Exp", unary),
  "math.log": as("Log", unary),
  "math.erf": as("Erf", unary),
  "math.sin": as("Sin", unary),
  "math.cos": as("Cos", unary),
  "math.sigmoid": as("Sigmoid", unary),
  "math.tanh": as("Tanh", unary),
  "math.softplus": as("Softplus", ofFeatures),
  "math.reduce_mean": as("Mean", reduced),
  "math.reduce_sum": as("Sum", reduced),
  "math.reduce_max": as("Max", reduced),
  "math.reduce_min": as("Min", reduced),
  "nn.bias_add": as("BiasAdd", {
    value: "x",
    bias: "bias",
    data_format: only(null, "NHWC", "N...C"),
  }),
  "nn.relu": as("Relu", ofFeatures),
  "nn.relu6": as("Relu6", ofFeatures),
  "nn.leaky_relu": as("LeakyRelu", { ...ofFeatures, alpha: "negative_slope" }),
  "nn.elu": as("Elu", ofFeatures),
  "nn.selu": as("Selu", ofFeatures),
  "nn.gelu": usually(
    { approximate: false },
    as("Gelu", { ...ofFeatures, approximate: "approximate" }),
  ),
  "nn.sigmoid": as("Sigmoid", unary),
  "nn.silu": as("Silu", { ...ofFeatures, beta: "beta" }),
  "nn.swish": as("Silu", { ...ofFeatures, beta: "beta" }),
  "nn.tanh": as("Tanh", unary),
  "nn.softplus": as("Softplus", ofFeatures),
  "nn.softmax": as("Softmax", alongAxis),
  "nn.log_softmax": as("LogSoftmax", alongAxis),
  clip_by_value: as("Clip", {
    t: "x",
    clip_value_min: "x_min",
    clip_value_max: "x_max",
  }),
  concat: as("Concatenate", { values: "xs", axis: "axis" }),
  stack: as("Stack", { values: "xs", axis: "axis" }),
  reshape: as("Reshape", { tensor: "x", shape: "newshape" }),
  transpose: as("Transpose", {
    a: "x",
    perm: "axes",
    // of complex numbers
    conjugate: { use: "ignored" },
  }),
  squeeze: as("Squeeze", {
    input: "x",
    axis: "axis",
    squeeze_dims: only(null),
  }),
  expand_dims: as("ExpandDims", { input: "x", axis: "axis", dim: only(null) }),
  "image.resize": as("Resize", {
    images: "x",
    size: "size",
    method: "interpolation",
    preserve_aspect_ratio: "preserve_aspect_ratio",
    antialias: "antialias",
  }),
  cast: as("Cast", { x: "x", dtype: "dtype" }),
  identity: as("Identity", { input: "x" }),
  stop_gradient: as("StopGradient", { input: "x" }),
};

/** The kind with other values where the file gives none. */
function usually(
  values: Readonly<Record<string, unknown>>,
  kind: LayerKind,
): LayerKind {
  return {
    ...kind,
    build(context) {
      const named = new Map(context.named);
      for (const [name, value] of Object.entries(values))
        if (!named.has(name)) named.set(name, { kind: "value", value });
      return kind.build({ ...context, named });
    },
  };
}

/** TensorFlow 1's functions that are not TensorFlow 2's of the same name. */
const changed: readonly string[] = ["image.resize"];

/** The operation behind one of TensorFlow's functions; null where it cannot be done. */
export function operationOf(functionName: string): LayerKind | null {
  const name = functionName.replace(/^compat\.v1\./, "");
  if (name !== functionName && changed.includes(name)) return null;
  // a plain object has names of its own, such as "constructor"
  return Object.hasOwn(functions, name) ? (functions[name] ?? null) : null;
}

/** TensorFlow's functions that Keras 2 wraps as layers: operations under other names. */
import type { LayerKind } from "./context";
import { operations } from "./operations";

/** As Keras 2 names them in a TFOpLambda. */
const functions: Readonly<Record<string, string>> = {
  "__operators__.add": "Add",
  "__operators__.getitem": "GetItem",
  "math.add": "Add",
  "math.subtract": "Subtract",
  "math.multiply": "Multiply",
  "math.divide": "Divide",
  "math.truediv": "TrueDivide",
  "math.maximum": "Maximum",
  "math.minimum": "Minimum",
  "math.pow": "Power",
  "math.negative": "Negative",
  "math.abs": "Abs",
  "math.square": "Square",
  "math.sqrt": "Sqrt",
  "math.rsqrt": "Rsqrt",
  "math.reciprocal": "Reciprocal",
  "math.exp": "Exp",
  "math.log": "Log",
  "math.erf": "Erf",
  "math.sigmoid": "Sigmoid",
  "math.tanh": "Tanh",
  "math.softplus": "Softplus",
  "math.reduce_mean": "Mean",
  "math.reduce_sum": "Sum",
  "math.reduce_max": "Max",
  "math.reduce_min": "Min",
  "nn.bias_add": "BiasAdd",
  "nn.relu": "Relu",
  "nn.relu6": "Relu6",
  "nn.leaky_relu": "LeakyRelu",
  "nn.elu": "Elu",
  "nn.selu": "Selu",
  "nn.gelu": "Gelu",
  "nn.sigmoid": "Sigmoid",
  "nn.silu": "Silu",
  "nn.swish": "Silu",
  "nn.tanh": "Tanh",
  "nn.softplus": "Softplus",
  "nn.softmax": "Softmax",
  clip_by_value: "Clip",
  concat: "Concatenate",
  reshape: "Reshape",
  transpose: "Transpose",
  squeeze: "Squeeze",
  expand_dims: "ExpandDims",
  "image.resize": "Resize",
  cast: "Cast",
  identity: "Identity",
  stop_gradient: "StopGradient",
};

/** The operation behind one of TensorFlow's functions; null where it cannot be done. */
export function operationOf(functionName: string): LayerKind | null {
  const name = functionName.replace(/^compat\.v1\./, "");
  // a plain object has names of its own, such as "constructor"
  if (!Object.hasOwn(functions, name)) return null;
  return operations[functions[name] ?? ""] ?? null;
}

/**
 * Every attribute and input an operator may have, and what becomes of it. What is not listed is refused by name: an
 * attribute nobody reads would silently make another network.
 */
import {
  spellArgument,
  unreadArguments,
  type Arguments,
} from "../../arguments";
import type { OnnxNode } from "../node";

/** What an operator takes. */
export interface OperatorArguments {
  /** Inputs at most; [before, opset, since] where an opset added some. */
  readonly inputs: number | readonly [number, number, number];
  readonly attributes: Arguments;
  /** Attributes that became inputs in an opset; from it on they are refused. */
  readonly until?: Readonly<Record<string, number>>;
  /** Attributes that are only read from an opset on; before it they are refused. */
  readonly since?: Readonly<Record<string, number>>;
}

const many = Infinity;

function takes(
  inputs: OperatorArguments["inputs"],
  attributes: Arguments = {},
  spans: Pick<OperatorArguments, "until" | "since"> = {},
): OperatorArguments {
  return { inputs, attributes, ...spans };
}

const window: Arguments = {
  auto_pad: "read",
  dilations: "read",
  kernel_shape: "read",
  pads: "read",
  strides: "read",
};
const alpha: Arguments = { alpha: "read" };
const axis: Arguments = { axis: "read" };
/** The number of bits sums are made in: float32 here. */
const norm: Arguments = { epsilon: "read", stash_type: "ignored" };
/** For 8-bit floats only, which are refused. */
const cast: Arguments = { round_mode: "ignored", saturate: "ignored" };

/** Axes are an attribute before the opset, an input since. */
function reduction(opset: number): OperatorArguments {
  return takes(
    [1, opset, 2],
    { axes: "read", keepdims: "read", noop_with_empty_axes: "read" },
    { until: { axes: opset } },
  );
}
/** Axes of a Squeeze and its like. */
const squeezing = takes([1, 13, 2], { axes: "read" }, { until: { axes: 13 } });
const resizing = [
  "antialias",
  "axes",
  "coordinate_transformation_mode",
  "cubic_coeff_a",
  "exclude_outside",
  "extrapolation_value",
  "keep_aspect_ratio_policy",
  "nearest_mode",
];

/** By name, in ONNX's own domain. */
export const operatorArguments: Readonly<Record<string, OperatorArguments>> = {
  Conv: takes(3, { ...window, group: "read" }),
  ConvTranspose: takes(3, {
    ...window,
    group: "read",
    output_padding: "read",
    output_shape: "read",
  }),
  // storage_order is of the places of the largest values, which nothing may read
  MaxPool: takes(1, {
    ...window,
    ceil_mode: "read",
    storage_order: "ignored",
  }),
  AveragePool: takes(1, {
    ...window,
    ceil_mode: "read",
    count_include_pad: "read",
  }),
  GlobalAveragePool: takes(1),
  GlobalMaxPool: takes(1),
  LRN: takes(1, { alpha: "read", beta: "read", bias: "read", size: "read" }),
  Resize: takes(
    [2, 11, 4],
    {
      ...Object.fromEntries(resizing.map((name) => [name, "read"])),
      mode: "read",
      // of pixels outside the image, by coordinates that are refused
      extrapolation_value: "ignored",
    },
    { since: Object.fromEntries(resizing.map((name) => [name, 11])) },
  ),
  Upsample: takes(
    [1, 9, 2],
    { mode: "read", scales: "read" },
    { until: { scales: 9 } },
  ),

  Gemm: takes(3, {
    alpha: "read",
    beta: "read",
    transA: "read",
    transB: "read",
  }),
  MatMul: takes(2),
  Einsum: takes(many, { equation: "read" }),
  Attention: takes(7, {
    is_causal: "read",
    kv_num_heads: "read",
    left_window_size: { only: [-1] },
    q_num_heads: "read",
    // of an output nothing may read
    qk_matmul_output_mode: "ignored",
    right_window_size: { only: [-1] },
    scale: "read",
    softcap: "read",
    softmax_precision: "ignored",
  }),
  RotaryEmbedding: takes(4, {
    interleaved: "read",
    num_heads: "read",
    rotary_embedding_dim: "read",
  }),

  Add: takes(2),
  Sub: takes(2),
  Mul: takes(2),
  Div: takes(2),
  Pow: takes(2),
  Max: takes(many),
  Min: takes(many),
  Sum: takes(many),
  Mean: takes(many),
  Neg: takes(1),
  Abs: takes(1),
  Sqrt: takes(1),
  Reciprocal: takes(1),
  Exp: takes(1),
  Log: takes(1),
  Erf: takes(1),
  Sin: takes(1),
  Cos: takes(1),
  Where: takes(3),
  Clip: takes(
    [1, 11, 3],
    { max: "read", min: "read" },
    { until: { max: 11, min: 11 } },
  ),

  Relu: takes(1),
  LeakyRelu: takes(1, alpha),
  PRelu: takes(2),
  Elu: takes(1, alpha),
  Selu: takes(1, { alpha: "read", gamma: "read" }),
  Celu: takes(1, alpha),
  Sigmoid: takes(1),
  HardSigmoid: takes(1, { alpha: "read", beta: "read" }),
  HardSwish: takes(1),
  Tanh: takes(1),
  Softplus: takes(1),
  Softsign: takes(1),
  Gelu: takes(1, { approximate: "read" }),
  Mish: takes(1),
  Swish: takes(1, alpha),
  ThresholdedRelu: takes(1, alpha),

  Softmax: takes(1, axis),
  LogSoftmax: takes(1, axis),
  BatchNormalization: takes(5, {
    epsilon: "read",
    // how fast running statistics follow in training
    momentum: "ignored",
    spatial: "read",
    training_mode: "read",
  }),
  LayerNormalization: takes(3, { ...norm, axis: "read" }),
  RMSNormalization: takes(2, { ...norm, axis: "read" }),
  InstanceNormalization: takes(3, { epsilon: "read" }),
  GroupNormalization: takes(3, { ...norm, num_groups: "read" }),
  LpNormalization: takes(1, { axis: "read", p: "read" }),

  Identity: takes(1),
  // nothing is dropped in inference
  Dropout: takes([1, 12, 3], { ratio: "ignored", seed: "ignored" }),
  Flatten: takes(1, axis),
  Reshape: takes(2, { allowzero: "read" }),
  Transpose: takes(1, { perm: "read" }),
  Squeeze: squeezing,
  Unsqueeze: squeezing,
  Concat: takes(many, axis),
  Split: takes(
    [1, 13, 2],
    { axis: "read", num_outputs: "read", split: "read" },
    { until: { split: 13 } },
  ),
  Slice: takes(
    [1, 10, 5],
    { axes: "read", ends: "read", starts: "read" },
    { until: { axes: 10, ends: 10, starts: 10 } },
  ),
  Gather: takes(2, axis),
  Expand: takes(2),
  Tile: takes(2),
  Pad: takes(
    [1, 11, 4],
    { mode: "read", pads: "read", value: "read" },
    { until: { pads: 11, value: 11 } },
  ),
  DepthToSpace: takes(1, { blocksize: "read", mode: "read" }),
  SpaceToDepth: takes(1, { blocksize: "read", mode: { only: ["DCR"] } }),

  ReduceMean: reduction(18),
  ReduceSum: reduction(13),
  ReduceMax: reduction(18),
  ReduceMin: reduction(18),
  ReduceL1: reduction(18),
  ReduceL2: reduction(18),
  ReduceSumSquare: reduction(18),
  ReduceLogSum: reduction(18),
  ReduceLogSumExp: reduction(18),
  ReduceProd: reduction(18),

  // the other kinds of value are refused where it is read
  Constant: takes(0, {
    sparse_value: "read",
    value: "read",
    value_float: "read",
    value_floats: "read",
    value_int: "read",
    value_ints: "read",
    value_string: "read",
    value_strings: "read",
  }),
  ConstantOfShape: takes(1, { value: "read" }),
  Shape: takes(1, { end: "read", start: "read" }),
  Size: takes(1),
  Range: takes(3, { stash_type: "ignored" }),
  Cast: takes(1, { ...cast, to: "read" }),
  CastLike: takes(2, cast),
  DequantizeLinear: takes(3, {
    axis: "read",
    block_size: "read",
    output_dtype: "ignored",
  }),
  GatherND: takes(2, { batch_dims: "read" }),
  GatherElements: takes(2, axis),
  ScatterND: takes(3, { reduction: "read" }),
  Mod: takes(2, { fmod: "read" }),
  Equal: takes(2),
  Greater: takes(2),
  GreaterOrEqual: takes(2),
  Less: takes(2),
  LessOrEqual: takes(2),
  And: takes(2),
  Or: takes(2),
  Xor: takes(2),
  Not: takes(1),
  Sign: takes(1),
  Floor: takes(1),
  Ceil: takes(1),
  Round: takes(1),
  If: takes(1, { else_branch: "read", then_branch: "read" }),
};

/** Throws a Fault `unsupported-network` that names an attribute or input of the node that would be left unread. */
export function checkArguments(node: OnnxNode): void {
  const known = Object.hasOwn(operatorArguments, node.kind)
    ? operatorArguments[node.kind]
    : undefined;
  if (!known) return;
  const { opset } = node;
  const { inputs, attributes, until = {}, since = {} } = known;
  const [unread] = unreadArguments(node.attributes(), attributes);
  if (unread)
    node.refuse(
      `its attribute ${spellArgument(unread)} is ${unread.known ? "not supported" : "unknown"}.`,
      remedy,
    );
  for (const [name, value] of node.attributes()) {
    const last = until[name] ?? Infinity;
    const first = since[name] ?? 0;
    if (opset >= last || opset < first)
      node.refuse(
        `its attribute ${spellArgument({ name, value, known: true })} is unknown in opset ${opset}.`,
        remedy,
      );
  }
  const most =
    typeof inputs === "number"
      ? inputs
      : opset < inputs[1]
        ? inputs[0]
        : inputs[2];
  if (node.inputs.slice(most).some((name) => name !== ""))
    node.refuse(
      `it has ${node.inputs.length} inputs, and ${most} are known in opset ${opset}.`,
      remedy,
    );
}

const remedy = "Export the network again, or without it.";

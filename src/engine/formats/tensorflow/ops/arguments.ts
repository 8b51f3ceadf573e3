/**
 * The attributes an operation may have, and what becomes of them. What is not listed is refused by name: an attribute
 * nobody reads would silently make another network.
 */
import {
  spellArgument,
  unreadArguments,
  type Arguments,
} from "../../arguments";
import type { Call } from "../call";

const format: Arguments = { data_format: "read" };
const window: Arguments = {
  ...format,
  explicit_paddings: "read",
  padding: "read",
  strides: "read",
};
const convolution: Arguments = {
  ...window,
  dilations: "read",
  use_cudnn_on_gpu: "ignored",
};
const pool: Arguments = { ...window, ksize: "read" };
const norm: Arguments = {
  ...format,
  epsilon: "read",
  // how fast running statistics follow in training
  exponential_avg_factor: "ignored",
  is_training: "read",
};
/** What was fused with an operation; `num_args` counts the inputs that follow its own. */
const fusion: Arguments = {
  epsilon: "read",
  fused_ops: "read",
  leakyrelu_alpha: "read",
  num_args: "ignored",
  num_host_args: "ignored",
};
/** `grad_x` is of products that are gradients themselves. */
const adjoined: Arguments = {
  adj_x: "read",
  adj_y: "read",
  grad_x: "ignored",
  grad_y: "ignored",
};
const transposed: Arguments = {
  grad_a: "ignored",
  grad_b: "ignored",
  transpose_a: "read",
  transpose_b: "read",
};
/** How many inputs there are is seen by them. */
const several: Arguments = { N: "ignored" };
const reduction: Arguments = { keep_dims: "read", keepdims: "read" };
const gathering: Arguments = {
  batch_dims: "read",
  validate_indices: "ignored",
};
const comparison: Arguments = { incompatible_shape_error: "ignored" };
const resizing: Arguments = {
  align_corners: "read",
  half_pixel_centers: "read",
};
const fusedConvolution: Arguments = {
  ...convolution,
  ...fusion,
  filter_format: { only: ["HWIO"] },
};
const blocks: Arguments = { ...format, block_size: "read" };

/** Those of operations that have any, types left out. */
const operationArguments: Readonly<Record<string, Arguments>> = {
  Conv2D: convolution,
  Conv2DBackpropInput: convolution,
  DepthwiseConv2dNative: convolution,
  _FusedConv2D: fusedConvolution,
  _FusedDepthwiseConv2dNative: fusedConvolution,
  FusedDepthwiseConv2dNative: fusedConvolution,
  _FusedMatMul: { ...transposed, ...fusion },
  MatMul: transposed,
  BatchMatMul: adjoined,
  BatchMatMulV2: adjoined,
  BatchMatMulV3: adjoined,
  Einsum: { ...several, equation: "read" },

  AvgPool: pool,
  MaxPool: pool,
  MaxPoolV2: { ...format, padding: "read" },
  // the places of the largest values are an output nothing may read
  MaxPoolWithArgmax: { ...pool, include_batch_in_index: "ignored" },
  ResizeBilinear: resizing,
  ResizeNearestNeighbor: resizing,

  FusedBatchNorm: norm,
  FusedBatchNormV2: norm,
  FusedBatchNormV3: norm,
  _FusedBatchNormEx: {
    ...norm,
    activation_mode: "read",
    num_side_inputs: "read",
  },
  BatchNormWithGlobalNormalization: {
    scale_after_normalization: "read",
    variance_epsilon: "read",
  },
  LRN: { alpha: "read", beta: "read", bias: "read", depth_radius: "read" },

  BiasAdd: format,
  LeakyRelu: { alpha: "read" },
  AddN: several,
  AccumulateNV2: { ...several, shape: "ignored" },
  Mean: reduction,
  Sum: reduction,
  Max: reduction,
  Min: reduction,
  Prod: { keep_dims: "read" },
  All: { keep_dims: "read" },
  Any: { keep_dims: "read" },
  Equal: comparison,
  NotEqual: comparison,

  Cast: { Truncate: "ignored" },
  CheckNumerics: { message: "ignored" },
  EnsureShape: { shape: "ignored" },
  PlaceholderWithDefault: { shape: "ignored" },
  Merge: several,

  Concat: several,
  ConcatV2: several,
  Pack: { ...several, axis: "read" },
  Unpack: { axis: "read", num: "ignored" },
  Split: { num_split: "read" },
  SplitV: { num_split: "ignored" },
  Squeeze: { axis: "read", squeeze_dims: "read" },
  MirrorPad: { mode: "read" },
  SpaceToDepth: blocks,
  DepthToSpace: blocks,
  ShapeN: several,
  Gather: gathering,
  GatherV2: gathering,
  ResourceGather: gathering,
  StridedSlice: {
    begin_mask: "read",
    ellipsis_mask: "read",
    end_mask: "read",
    new_axis_mask: "read",
    shrink_axis_mask: "read",
  },
};

/** Attributes that name types of values; whole numbers on the way of the image are refused apart. */
const types =
  /^(T|T(idx|a|b|out|block_shape|crops|params|indices|axis|dim|argmax|paddings|shape|len|multiples|perm|Args)|U|SrcT|DstT|dtype|out_type|index_type|Index)$/;

/** Operations that do the same to whole numbers as to real ones, or make real ones of them. */
const moving =
  /^(Identity|IdentityN|Snapshot|StopGradient|CheckNumerics|EnsureShape|PlaceholderWithDefault|Switch|Merge|Reshape|Squeeze|ExpandDims|Transpose|Concat|ConcatV2|Pack|Unpack|Split|SplitV|Tile|BroadcastTo|Pad|PadV2|MirrorPad|Slice|StridedSlice|Gather|GatherV2|Reverse|ReverseV2|ResizeBilinear|ResizeNearestNeighbor|SpaceToDepth|DepthToSpace|Shape|ShapeN|Rank|Size|ZerosLike|OnesLike)$/;

/**
 * Throws a Fault `unsupported-network` that names an attribute of the node that would be left unread, or arithmetic of
 * whole numbers on what depends on the image.
 */
export function checkArguments(call: Call): void {
  const { op, attributes, inputs } = call.node;
  const known = Object.hasOwn(operationArguments, op)
    ? (operationArguments[op] ?? {})
    : {};
  const given = [...attributes.entries()].filter(
    // names with an underscore are of TensorFlow's own machinery
    ([name]) => !name.startsWith("_") && !types.test(name),
  );
  const [unread] = unreadArguments(given, known);
  if (unread)
    call.refuse(
      `its attribute ${spellArgument(unread)} is ${unread.known ? "not supported" : "unknown"}.`,
      "Export the network again, or without it.",
    );
  if (moving.test(op)) return;
  const type = attributes.type("T");
  if (type !== "int" && type !== "bool") return;
  if (inputs.some((source) => call.outcomeOf(source)?.kind === "dynamic"))
    call.refuse(
      "it computes with whole numbers that depend on the image.",
      "Export the network with a cast to floats first.",
    );
}

/**
 * Lowering: a foreign tensor graph (ONNX, TensorFlow, a PyTorch module) becomes a Network.
 *
 * A format speaks of tensors as its file does, logical dimensions with a batch of one, in whatever order of axes;
 * the lowering decides how each is really stored (NHWC, batch left out), folds what is constant, and adds nodes.
 * The graph is lowered at batch one and run for any batch: every node maps the value of one image to the value of
 * one image, so where the batch axis of the file goes (merged into windows, moved to the back) never matters.
 */
import type { Head } from "../../../shared/domain";
import type { Op, Shape, Weight } from "../../network/op";
import type { Padding, Pads, Pair } from "../../network/ops/index";
import type { Assembly } from "../assembler";

/** A tensor known when the network is opened: a weight, a shape, an index. */
export interface Constant {
  readonly kind: "constant";
  readonly dims: Shape;
  /** Whole numbers and truths are kept exact, as float64; their arithmetic is that of their type. */
  readonly type: "float" | "int" | "bool";
  /** Row-major. A weight may be read late: `data` is a getter where the format likes. */
  readonly data: Float32Array | Float64Array;
}

/** A tensor that depends on the image. How it is stored is the lowering's own business. */
export interface Dynamic {
  readonly kind: "dynamic";
  /** Logical dimensions, as the file has them, with a batch of one. */
  readonly dims: Shape;
}

export type Value = Constant | Dynamic;

/** Of a transposed convolution: the adjoint of the convolution with the same settings. */
export interface TransposedConvolutionSettings {
  readonly order: MapOrder;
  readonly strides: Pair;
  readonly dilations: Pair;
  /** What is cut off the full result. */
  readonly padding: Pads;
  /** Rows and columns that are cut off less at the end, or added. */
  readonly outputPadding: Pair;
  readonly groups: number;
}

/** Which axes of a rank-4 value are batch, channel, height, width. */
export type MapOrder = "NCHW" | "NHWC";

export interface ConvolutionSettings {
  readonly order: MapOrder;
  readonly strides: Pair;
  readonly dilations: Pair;
  readonly padding: Padding;
  readonly groups: number;
}

export interface PoolSettings {
  readonly order: MapOrder;
  readonly window: Pair;
  readonly strides: Pair;
  readonly dilations: Pair;
  readonly padding: Padding;
  /** The output's size is rounded up; a window that would start in the padding is left out (PyTorch, ONNX). */
  readonly ceil: boolean;
  /** Average only: whether padded pixels (not those that `ceil` adds) count in the divisor. */
  readonly countPadding: boolean;
}

export type BinaryKind =
  "add" | "subtract" | "multiply" | "divide" | "maximum" | "minimum" | "power";
export type UnaryKind =
  | "negate"
  | "abs"
  | "sqrt"
  | "rsqrt"
  | "square"
  | "reciprocal"
  | "exp"
  | "log"
  | "erf"
  | "sin"
  | "cos";
export type ReduceKind = "mean" | "sum" | "max" | "min";

export interface ResizeSettings {
  readonly order: MapOrder;
  /** Of the output. */
  readonly size: Pair;
  readonly method: "nearest" | "linear" | "cubic";
  /** How a pixel of the output finds its place in the input (ONNX's names; TensorFlow and PyTorch have the same). */
  readonly coordinates: "half-pixel" | "asymmetric" | "align-corners";
  /** Nearest only. */
  readonly rounding: "floor" | "round-prefer-floor" | "round-prefer-ceil";
  /** Pixels of the output for one of the input, where the file says it and the sizes are rounded. */
  readonly scales?: Pair;
  /** Of "cubic": -0.75 in PyTorch, -0.5 in TensorFlow. */
  readonly cubicCoefficient?: number;
}

/**
 * Every method takes the node's name in the file first, for reports and faults.
 * Where all inputs are constant the result is, for every method that says so (*folds*).
 * Throws a Fault `damaged-file` or `unsupported-network` that names the node.
 */
export interface Lowering {
  /** The network's input in the order asked for: [1, channel, height, width] or [1, height, width, channel]. */
  input(order: MapOrder): Dynamic;
  constant(
    dims: Shape,
    data: Float32Array | Float64Array,
    type?: Constant["type"],
  ): Constant;

  /** Kernel [height, width, in / groups, out] whatever the order; depthwise ones become that operation. */
  conv2d(
    name: string,
    x: Value,
    kernel: Weight,
    bias: Weight | null,
    settings: ConvolutionSettings,
  ): Value;
  /** Kernel [height, width, out / groups, in] whatever the order. */
  convTranspose2d(
    name: string,
    x: Value,
    kernel: Weight,
    bias: Weight | null,
    settings: TransposedConvolutionSettings,
  ): Value;
  /** a x b over the last two axes, broadcast over those before. *Folds.* A constant b becomes a dense layer. */
  matmul(
    name: string,
    a: Value,
    b: Value,
    settings?: {
      readonly transposeA?: boolean;
      readonly transposeB?: boolean;
      readonly bias?: Constant | null;
    },
  ): Value;
  pool(
    name: string,
    kind: "max" | "average",
    x: Value,
    settings: PoolSettings,
  ): Value;
  /** PyTorch's adaptive average pooling: also to more pixels than there are. */
  adaptiveAveragePool(
    name: string,
    x: Value,
    size: Pair,
    order: MapOrder,
  ): Value;
  /** gamma (x - mean) / sqrt(variance + epsilon) + beta along `axis`; gamma and beta may be missing. */
  batchNorm(
    name: string,
    x: Value,
    weights: {
      readonly gamma: Weight | null;
      readonly beta: Weight | null;
      readonly mean: Weight;
      readonly variance: Weight;
    },
    settings: { readonly axis: number; readonly epsilon: number },
  ): Value;
  /** Over the last axes from `axis` on. */
  layerNorm(
    name: string,
    x: Value,
    gamma: Constant | null,
    beta: Constant | null,
    settings: { readonly axis: number; readonly epsilon: number },
  ): Value;
  /** Local response normalisation: x / (bias + alpha / size * sum over `size` channels x^2) ^ beta (ONNX's LRN). */
  localResponseNorm(
    name: string,
    x: Value,
    settings: {
      readonly order: MapOrder;
      readonly size: number;
      readonly alpha: number;
      readonly beta: number;
      readonly bias: number;
    },
  ): Value;

  /** An elementwise operation of `network/ops` without weights: rectifier, sigmoid, hard-swish ... */
  activation<A extends object>(
    name: string,
    op: Op<A>,
    attributes: A,
    x: Value,
  ): Value;
  /** Slopes along the channels or for all; `slope` broadcasts to x by NumPy's rule. */
  prelu(name: string, x: Value, slope: Constant): Value;
  /** *Folds.* */
  unary(name: string, kind: UnaryKind, x: Value): Value;
  /** NumPy's broadcast. *Folds.* */
  binary(name: string, kind: BinaryKind, a: Value, b: Value): Value;
  /** Values limited to [low, high]; null is no limit. [0, 6] and [0, inf) are rectifiers. *Folds.* */
  clip(name: string, x: Value, low: number | null, high: number | null): Value;
  softmax(name: string, x: Value, axis: number): Value;
  /** *Folds.* */
  reduce(
    name: string,
    kind: ReduceKind,
    x: Value,
    axes: readonly number[],
    keepDims: boolean,
  ): Value;

  /** All dimensions known; formats resolve -1 and 0 themselves. *Folds.* */
  reshape(name: string, x: Value, dims: Shape): Value;
  /** Output axis i is input axis order[i]. *Folds.* */
  transpose(name: string, x: Value, order: readonly number[]): Value;
  /** Along every axis from `begin` in steps of `strides` (negative: backwards), `size` values. *Folds.* */
  slice(
    name: string,
    x: Value,
    begin: readonly number[],
    size: readonly number[],
    strides: readonly number[],
  ): Value;
  /** *Folds.* */
  concat(name: string, values: readonly Value[], axis: number): Value;
  /** Consecutive parts of these sizes along an axis. *Folds.* */
  split(
    name: string,
    x: Value,
    sizes: readonly number[],
    axis: number,
  ): Value[];
  /** x[..., indices, ...] along an axis; the indices' shape takes the axis' place (NumPy's take). *Folds.* */
  gather(name: string, x: Value, indices: Constant, axis: number): Value;
  /** [before, after] an axis; "reflect" leaves the edge out, "edge" repeats it. *Folds.* */
  pad(
    name: string,
    x: Value,
    amounts: readonly Pair[],
    mode: "constant" | "reflect" | "edge",
    value: number,
  ): Value;
  /** NumPy's broadcast_to. *Folds.* */
  expand(name: string, x: Value, dims: Shape): Value;
  resize(name: string, x: Value, settings: ResizeSettings): Value;

  /** Any function of one constant, value by value: a cast, a logical not. Its type stays if none is given. */
  mapConstant(
    name: string,
    x: Constant,
    f: (x: number) => number,
    type?: Constant["type"],
  ): Constant;
  /** Any function of two constants with NumPy's broadcast: comparisons, logic, remainders. */
  zipConstants(
    name: string,
    a: Constant,
    b: Constant,
    f: (a: number, b: number) => number,
    type: Constant["type"],
  ): Constant;

  /** The shape of `output` as an output, batch left out, channels last; null where it does not depend on the image. */
  outputShape(output: Value): Shape | null;
  /** Operations on the longest path from the input; see `Assembler.depthOf`. */
  depthOf(value: Value): number;
  /** The finished graph, ending in `output`: a last softmax or sigmoid taken off, one value a channel. `head`: `ReadOptions.head`. */
  finish(output: Value, head?: Head | null): Assembly;
}

/** Every operation. To add one: a file beside this one, a line here, a layer or node type in a format. */
export { averagePool, type AveragePoolAttributes } from "./average-pool";
export { divide, maximum, minimum, subtract } from "./binary";
export { batchNorm, type BatchNormAttributes } from "./batch-norm";
export { concat, type ConcatAttributes } from "./concat";
export { constant } from "./constant";
export { conv2d, type Conv2dAttributes } from "./conv2d";
export {
  convTranspose2d,
  type ConvTranspose2dAttributes,
} from "./conv-transpose2d";
export { dense } from "./dense";
export {
  depthwiseConv2d,
  type DepthwiseConv2dAttributes,
} from "./depthwise-conv2d";
export { gelu, geluTanh, mish, quickGelu, swish } from "./gated";
export { gather, type GatherAttributes } from "./gather";
export {
  globalAverage,
  globalMax,
  type GlobalPoolAttributes,
} from "./global-pool";
export { layerNorm, type LayerNormAttributes } from "./layer-norm";
export {
  clip,
  hardSigmoid,
  hardSwish,
  hardTanh,
  thresholdedRelu,
  type ClipAttributes,
  type HardSigmoidAttributes,
  type ThresholdAttributes,
} from "./limit";
export {
  localResponseNorm,
  type LocalResponseNormAttributes,
} from "./local-response-norm";
export { matmul, type MatmulAttributes } from "./matmul";
export { maxPool, type MaxPoolAttributes } from "./max-pool";
export { add, multiply } from "./merge";
export { pad, type PadAttributes } from "./pad";
export { power, type PowerAttributes } from "./power";
export { prelu } from "./prelu";
export { rectifier, type RectifierAttributes } from "./rectifier";
export { reduce, type ReduceAttributes } from "./reduce";
export { resample } from "./resample";
export { flatten, reshape, type ReshapeAttributes } from "./reshape";
export { slice, type SliceAttributes } from "./slice";
export {
  celu,
  elu,
  logSigmoid,
  selu,
  sigmoid,
  softplus,
  softsign,
  tanh,
  type CeluAttributes,
  type EluAttributes,
} from "./smooth";
export { softmax } from "./softmax";
export { stopGradient } from "./stop-gradient";
export { transpose, type TransposeAttributes } from "./transpose";
export {
  abs,
  cos,
  erf,
  exp,
  log,
  negate,
  reciprocal,
  rsqrt,
  sin,
  sqrt,
  square,
} from "./unary";
export { type Padding, type Pads, type Pair } from "./window";
export { zeroPad, type ZeroPadAttributes } from "./zero-pad";

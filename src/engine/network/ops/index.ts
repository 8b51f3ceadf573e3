/** Every operation. To add one: a file beside this one, a line here, a layer or node type in a format. */
export { averagePool, type AveragePoolAttributes } from "./average-pool";
export { batchNorm, type BatchNormAttributes } from "./batch-norm";
export { concat, type ConcatAttributes } from "./concat";
export { conv2d, type Conv2dAttributes } from "./conv2d";
export { dense } from "./dense";
export {
  depthwiseConv2d,
  type DepthwiseConv2dAttributes,
} from "./depthwise-conv2d";
export {
  globalAverage,
  globalMax,
  type GlobalPoolAttributes,
} from "./global-pool";
export { maxPool, type MaxPoolAttributes } from "./max-pool";
export { add, multiply } from "./merge";
export { prelu } from "./prelu";
export { rectifier, type RectifierAttributes } from "./rectifier";
export { flatten, reshape, type ReshapeAttributes } from "./reshape";
export { slice, type SliceAttributes } from "./slice";
export {
  elu,
  gelu,
  geluTanh,
  hardSigmoid,
  hardSwish,
  selu,
  sigmoid,
  softplus,
  swish,
  tanh,
} from "./smooth";
export { softmax } from "./softmax";
export { transpose, type TransposeAttributes } from "./transpose";
export { type Padding, type Pads, type Pair } from "./window";
export { zeroPad, type ZeroPadAttributes } from "./zero-pad";

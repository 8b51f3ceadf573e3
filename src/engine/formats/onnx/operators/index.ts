/** Every operator of ONNX that Proxima reads. To add one: a function in a file beside this one, a row here, and what it takes in arguments.ts. */
import type { Operator } from "../call";
import { attention, rotaryEmbedding } from "./attention";
import * as constants from "./constants";
import * as elementwise from "./elementwise";
import * as layout from "./layout";
import * as normalization from "./normalization";
import * as products from "./products";
import * as reductions from "./reductions";
import { resize, upsample } from "./resize";
import * as windows from "./windows";

const { binary, unary, variadic } = elementwise;
const { comparison, mapped } = constants;
const { reduce } = reductions;

/** By name, in ONNX's own domain. `If` is read where graphs are. */
export const operators: ReadonlyMap<string, Operator> = new Map<
  string,
  Operator
>([
  ["Conv", windows.conv],
  ["ConvTranspose", windows.convTranspose],
  ["MaxPool", windows.maxPool],
  ["AveragePool", windows.averagePool],
  ["GlobalAveragePool", windows.globalPool("mean")],
  ["GlobalMaxPool", windows.globalPool("max")],
  ["LRN", windows.localResponse],
  ["Resize", resize],
  ["Upsample", upsample],

  ["Gemm", products.gemm],
  ["MatMul", products.matmul],
  ["Einsum", products.einsum],
  ["Attention", attention],
  ["RotaryEmbedding", rotaryEmbedding],

  ["Add", binary("add")],
  ["Sub", binary("subtract")],
  ["Mul", binary("multiply")],
  ["Div", binary("divide")],
  ["Pow", binary("power")],
  ["Max", variadic("maximum")],
  ["Min", variadic("minimum")],
  ["Sum", variadic("add")],
  ["Mean", elementwise.mean],
  ["Neg", unary("negate")],
  ["Abs", unary("abs")],
  ["Sqrt", unary("sqrt")],
  ["Reciprocal", unary("reciprocal")],
  ["Exp", unary("exp")],
  ["Log", unary("log")],
  ["Erf", unary("erf")],
  ["Sin", unary("sin")],
  ["Cos", unary("cos")],
  ["Where", elementwise.where],
  ["Clip", elementwise.clip],

  ["Relu", elementwise.relu],
  ["LeakyRelu", elementwise.leakyRelu],
  ["PRelu", elementwise.prelu],
  ["Elu", elementwise.elu],
  ["Selu", elementwise.selu],
  ["Celu", elementwise.celu],
  ["Sigmoid", elementwise.sigmoid],
  ["HardSigmoid", elementwise.hardSigmoid],
  ["HardSwish", elementwise.hardSwish],
  ["Tanh", elementwise.tanh],
  ["Softplus", elementwise.softplus],
  ["Softsign", elementwise.softsign],
  ["Gelu", elementwise.gelu],
  ["Mish", elementwise.mish],
  ["Swish", elementwise.swish],
  ["ThresholdedRelu", elementwise.thresholdedRelu],

  ["Softmax", normalization.softmax],
  ["LogSoftmax", normalization.logSoftmax],
  ["BatchNormalization", normalization.batchNormalization],
  ["LayerNormalization", normalization.layerNormalization],
  ["RMSNormalization", normalization.rootMeanSquare],
  ["InstanceNormalization", normalization.instanceNormalization],
  ["GroupNormalization", normalization.groupNormalization],
  ["LpNormalization", normalization.lpNormalization],

  ["Identity", layout.identity],
  ["Dropout", layout.dropout],
  ["Flatten", layout.flatten],
  ["Reshape", layout.reshape],
  ["Transpose", layout.transpose],
  ["Squeeze", layout.squeeze],
  ["Unsqueeze", layout.unsqueeze],
  ["Concat", layout.concat],
  ["Split", layout.split],
  ["Slice", layout.slice],
  ["Gather", layout.gather],
  ["Expand", layout.expand],
  ["Tile", layout.tile],
  ["Pad", layout.pad],
  ["DepthToSpace", layout.depthToSpace],
  ["SpaceToDepth", layout.spaceToDepth],

  ["ReduceMean", reduce("mean")],
  ["ReduceSum", reduce("sum", null, null, 13)],
  ["ReduceMax", reduce("max")],
  ["ReduceMin", reduce("min")],
  ["ReduceL1", reduce("sum", "abs")],
  ["ReduceL2", reduce("sum", "square", "sqrt")],
  ["ReduceSumSquare", reduce("sum", "square")],
  ["ReduceLogSum", reduce("sum", null, "log")],
  ["ReduceLogSumExp", reductions.reduceLogSumExp],
  ["ReduceProd", reductions.reduceProduct],

  ["Constant", constants.constant],
  ["ConstantOfShape", constants.constantOfShape],
  ["Shape", constants.shape],
  ["Size", constants.size],
  ["Range", constants.range],
  ["Cast", constants.cast],
  ["CastLike", constants.castLike],
  ["DequantizeLinear", constants.dequantizeLinear],
  ["GatherND", constants.gatherNd],
  ["GatherElements", constants.gatherElements],
  ["ScatterND", constants.scatterNd],
  ["Mod", constants.modulo],
  ["Equal", comparison((a, b) => a === b)],
  ["Greater", comparison((a, b) => a > b)],
  ["GreaterOrEqual", comparison((a, b) => a >= b)],
  ["Less", comparison((a, b) => a < b)],
  ["LessOrEqual", comparison((a, b) => a <= b)],
  ["And", comparison((a, b) => a !== 0 && b !== 0)],
  ["Or", comparison((a, b) => a !== 0 || b !== 0)],
  ["Xor", comparison((a, b) => (a !== 0) !== (b !== 0))],
  ["Not", constants.not],
  ["Sign", mapped(Math.sign)],
  ["Floor", mapped(Math.floor)],
  ["Ceil", mapped(Math.ceil)],
  ["Round", mapped(constants.roundEven)],
]);

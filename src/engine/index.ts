/** The engine's public surface; nothing else of it is imported from outside. */
export {
  ascend,
  checkTarget,
  type AscentRequest,
  type Resume,
  type TileUpdate,
} from "./ascent/ascend";
export { startImage } from "./ascent/start";
export { calibrate, constantRecipe, type Calibration } from "./calibration";
export { heldOutViews, viewed, viewsOf, type View } from "./evaluation/views";
export { batchesOf, batchThatFits, bytesPerImage, type Batch } from "./batch";
export { probabilitiesOf, softmax, top1Of, topClasses } from "./classes";
export type { NetworkCard } from "../shared/card";
export type {
  Format,
  NetworkFile,
  NetworkFiles,
  ReadOptions,
} from "./formats/format";
export {
  answerNetwork,
  type BareNetwork,
  type GivenAnswers,
} from "./formats/answers";

export { isAsRead, type Choices } from "./formats/choices";
export {
  formats,
  openNetwork,
  readBareNetwork,
  type OpenedFiles,
  type OpenOptions,
} from "./formats/index";
export {
  batchNormFit,
  mostDifference,
  type BatchNormFit,
} from "./evidence/batch-norm-fit";
export { benchStep, gradientOf, scoreImages, type Gradient } from "./measure";
export { classCount, headOfNetwork, type Network } from "./network/network";
export { pack, unpack, type PortableNetwork } from "./network/portable";
export { randomStream, type RandomStream } from "./random";
export { StepCache } from "./step/step-cache";
export type { Attribute, DType, GraphDefinition } from "./step/graph";
export type { LoadedGraph, NativeRuntime } from "./step/runtime";
export { experiments } from "./experiments";
export type {
  Cell,
  Checkpoint,
  Checkpoints,
  Experiment,
  ImageSource,
  World,
} from "./experiments/experiment";
export {
  architectures,
  type Architecture,
  type ArchitectureName,
  type ArchitectureOptions,
} from "./training/architectures/index";
export { compileTrainStep } from "./training/compile-train-step";
export type {
  BatchResult,
  Optimizer,
  TrainOptions,
  TrainState,
  TrainStep,
} from "./training/train-step";
export {
  writeLayersModel,
  type WrittenLayers,
} from "./formats/tfjs-layers/write";

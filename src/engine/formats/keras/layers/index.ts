/** Keras layers as nodes. To add one: a file beside this one or a line in its table. */
import type { Arguments } from "../../arguments";
import type { Call } from "../arguments";
import type { Layer } from "../topology";
import { activationKinds } from "./activation";
import { customScale, mergeKinds } from "./arithmetic";
import { only, type LayerKind } from "./context";
import { convolutionKinds } from "./convolution";
import { operationOf } from "./functions";
import { normalizationKinds } from "./normalization";
import { operations } from "./operations";
import { poolingKinds } from "./pooling";
import { shapeKinds } from "./shape";

export type { LayerContext, LayerKind } from "./context";

/** Settings of what happens in training only: where, how much and with which random numbers. */
const trainingSettings: Arguments = Object.fromEntries(
  [
    "addition_factor",
    "all_ops",
    "alpha",
    "bins",
    "brightness_factor",
    "chain_depth",
    "contrast_factor",
    "data_format",
    "drop_connect_rate",
    "drop_path_prob",
    "drop_path_rate",
    "drop_prob",
    "drop_rate",
    "factor",
    "fill_mode",
    "fill_value",
    "height_factor",
    "hue_factor",
    "interpolation",
    "kernel_size",
    "l1",
    "l2",
    "mode",
    "noise_shape",
    "num_chains",
    "num_ops",
    "rate",
    "rng_type",
    "saturation_factor",
    "scale",
    "seed",
    "sigma",
    "stddev",
    "survival_probability",
    "threshold_factor",
    "value_range",
    "width_factor",
    "x_factor",
    "y_factor",
  ].map((name) => [name, "ignored"] as const),
);

/** What does something in training only, and hands its input on when the network is used. */
const dropped: LayerKind = { settings: trainingSettings, build: only };
const droppedKinds = all([
  "ActivityRegularization",
  "AlphaDropout",
  "Dropout",
  "GaussianDropout",
  "GaussianNoise",
  "Identity",
  "SpatialDropout2D",
]);

/** The same for pictures before they go in. */
const augmentation: LayerKind = { ...dropped, trainsByDefault: true };
const augmentationKinds = all(
  [
    "AugMix",
    "CutMix",
    "Equalization",
    "MixUp",
    "RandAugment",
    "RandomBrightness",
    "RandomColorDegeneration",
    "RandomColorJitter",
    "RandomContrast",
    "RandomElasticTransform",
    "RandomErasing",
    "RandomFlip",
    "RandomGaussianBlur",
    "RandomGrayscale",
    "RandomHeight",
    "RandomHue",
    "RandomInvert",
    "RandomPerspective",
    "RandomPosterization",
    "RandomRotation",
    "RandomSaturation",
    "RandomSharpness",
    "RandomShear",
    "RandomTranslation",
    "RandomWidth",
    "RandomZoom",
    "Solarization",
  ],
  augmentation,
);

function all(
  classes: readonly string[],
  kind: LayerKind = dropped,
): Record<string, LayerKind> {
  return Object.fromEntries(classes.map((name) => [name, kind]));
}

/** Classes of others that are what they are called in every package, keras.applications among them. */
const foreignKinds: Readonly<Record<string, LayerKind>> = {
  ...all(["DropPath", "FixedDropout", "StochasticDepth"]),
  CustomScaleLayer: customScale,
};

export const layerKinds: Readonly<Record<string, LayerKind>> = {
  ...convolutionKinds,
  ...normalizationKinds,
  ...activationKinds,
  ...poolingKinds,
  ...mergeKinds,
  ...shapeKinds,
  ...droppedKinds,
  ...augmentationKinds,
  ...foreignKinds,
};

/** How a layer is made; null where it cannot be done. Nothing but the name decides: no code comes with a network. */
export function kindOf(layer: Layer): LayerKind | null {
  const { calls, className, config, module, foreign } = layer;
  const bare = className.slice(className.lastIndexOf(">") + 1);
  if (foreign !== null) return own(foreignKinds, bare);
  if (isFunction(layer)) return operationOf(config.string("function", ""));
  // an .h5 of Keras 3 does not say where a class is from, and some names stand for a layer and for an operation
  const isOperation =
    module.includes(".ops.") ||
    (className === "Reshape" && config.raw("target_shape") === null) ||
    (Object.hasOwn(mergeKinds, className) && !calls.every(isMerging));
  return isOperation
    ? own(operations, className)
    : (own(layerKinds, className) ?? own(operations, className));
}

/** Whether a call gives a list of values, as layers that merge them are called. */
function isMerging({ args, named }: Call): boolean {
  return args.length === 1 && args[0]?.kind === "list" && !named.has("x2");
}

/** Whether a layer wraps one of TensorFlow's functions. */
export function isFunction({ className }: Pick<Layer, "className">): boolean {
  return className === "TFOpLambda" || className === "SlicingOpLambda";
}

/** A plain object has names of its own, such as "constructor". */
function own(
  kinds: Readonly<Record<string, LayerKind>>,
  name: string,
): LayerKind | null {
  return Object.hasOwn(kinds, name) ? (kinds[name] ?? null) : null;
}

/** Keras layers as nodes. To add one: a file beside this one or a line in its table. */
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

/** What does something in training only, and hands its input on when the network is used. */
const droppedClasses: readonly string[] = [
  "ActivityRegularization",
  "AlphaDropout",
  "AugMix",
  "CutMix",
  "Dropout",
  "Equalization",
  "GaussianDropout",
  "GaussianNoise",
  "Identity",
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
  "SpatialDropout2D",
];

const dropped: LayerKind = { build: only };

function all(classes: readonly string[]): Record<string, LayerKind> {
  return Object.fromEntries(classes.map((name) => [name, dropped]));
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
  ...all(droppedClasses),
  ...foreignKinds,
};

/** How a layer is made; null where it cannot be done. Nothing but the name decides: no code comes with a network. */
export function kindOf(layer: Layer): LayerKind | null {
  const { className, config, module, registered } = layer;
  const bare = className.slice(className.lastIndexOf(">") + 1);
  if (registered !== null) return own(foreignKinds, bare);
  if (className === "TFOpLambda" || className === "SlicingOpLambda")
    return operationOf(config.string("function", ""));
  // an .h5 of Keras 3 does not say where a class is from, and some names stand for a layer and for an operation
  const isOperation =
    module.includes(".ops.") ||
    (className === "Reshape" && config.raw("target_shape") === null);
  return isOperation
    ? own(operations, className)
    : (own(layerKinds, className) ?? own(operations, className));
}

/** A plain object has names of its own, such as "constructor". */
function own(
  kinds: Readonly<Record<string, LayerKind>>,
  name: string,
): LayerKind | null {
  return Object.hasOwn(kinds, name) ? (kinds[name] ?? null) : null;
}

/** transformers' config.json: kind of network, names of classes, size, and what its weights do not say. */
import { isCount, isObject, type Json } from "../json";
import { indexedLabels, mostLabels, namedIndices, onlyCount } from "./labels";
import { sizeOf, textOf } from "./numbers";
import type { Beside } from "./said";

export function isTransformers(config: Json): boolean {
  return (
    textOf(config["model_type"]) !== null ||
    (Array.isArray(config["architectures"]) && "transformers_version" in config)
  );
}

export function transformersSays(config: Json, name: string): Beside {
  const { id2label, label2id, num_labels: count, image_size: side } = config;
  const labels = indexedLabels(id2label) ?? namedIndices(label2id);
  // where nobody gave any, transformers writes none and means two
  const named = isObject(id2label) ? Object.keys(id2label).length : count;
  return {
    sources: [name],
    architecture: architectureIn(config),
    assume: assumedBy(config),
    classes: isCount(named) && named > 0 && named <= mostLabels ? named : null,
    labels: labels && !onlyCount(labels) ? labels : null,
    size: sizeOf(side),
    preprocessing: null,
    warnings: [],
  };
}

/** "ResNetForImageClassification", or the kind alone. */
export function architectureIn(config: Json): string | null {
  const { architectures, model_type: kind } = config;
  const names: readonly unknown[] = Array.isArray(architectures)
    ? architectures
    : [];
  return textOf(names[0]) ?? textOf(kind);
}

/** By kind of network: the settings that weights do not show, as assumptions. */
const settings: ReadonlyMap<string, (config: Json) => Record<string, string>> =
  new Map([
    [
      "resnet",
      (config) => ({
        ...activation(config["hidden_act"]),
        ...(config["layer_type"] === "bottleneck" && {
          "bottleneck-stride":
            config["downsample_in_bottleneck"] === true ? "first" : "second",
        }),
        ...(config["downsample_in_first_stage"] === true &&
          Array.isArray(config["depths"]) && {
            "stage-strides": config["depths"].map(() => 2).join(","),
          }),
      }),
    ],
  ]);

function assumedBy(config: Json): Record<string, string> {
  const kind = textOf(config["model_type"]) ?? "";
  return settings.get(kind)?.(config) ?? {};
}

function activation(value: unknown): Record<string, string> {
  const text = textOf(value);
  return text === null ? {} : { activation: text };
}

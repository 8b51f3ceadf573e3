/** transformers' config.json: kind of network, names of classes, size, and what its weights do not say. */
import { Fault } from "../../../shared/fault";
import { exportAdvice } from "../state-dict/advice";
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
    ...settingsIn(config, name),
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

type Settings = Pick<Beside, "assume" | "refusal">;

/** By kind of network: the settings that weights do not show, as assumptions. `name`: the file's. */
const settings: ReadonlyMap<string, (config: Json, name: string) => Settings> =
  new Map([
    ["resnet", resnet],
    ["convnext", (config, name) => withNorms(config, name, {})],
    ["vit", vit],
    ["deit", vit],
    ["swin", (config, name) => withNorms(config, name, {})],
  ]);

function settingsIn(config: Json, name: string): Settings {
  const kind = textOf(config["model_type"]) ?? "";
  return settings.get(kind)?.(config, name) ?? { assume: {}, refusal: null };
}

function resnet(config: Json, name: string): Settings {
  const { hidden_act: activation, depths, layer_type: layers } = config;
  const first = config["downsample_in_bottleneck"] === true;
  return {
    assume: {
      ...(activation === "relu" && { activation }),
      ...(layers === "bottleneck" && {
        "bottleneck-stride": first ? "first" : "second",
      }),
      ...(config["downsample_in_first_stage"] === true &&
        Array.isArray(depths) && {
          "stage-strides": depths.map(() => 2).join(","),
        }),
    },
    // within its blocks it has ReLU, whatever this setting says
    refusal:
      typeof activation === "string" && activation !== "relu"
        ? new Fault(
            "unsupported-network",
            `"${name}" says hidden_act=${activation.slice(0, 40)}: transformers' ResNet has it between its blocks and ReLU within them, which Proxima does not build.`,
            exportAdvice,
          )
        : null,
  };
}

function vit(config: Json, name: string): Settings {
  const { num_attention_heads: heads } = config;
  return withNorms(
    config,
    name,
    isCount(heads) ? { heads: String(heads) } : {},
  );
}

/** The usual epsilons are built in; all are far below the variances that matter. */
const mostEpsilon = 1e-5;

function withNorms(
  config: Json,
  name: string,
  assume: Record<string, string>,
): Settings {
  const { hidden_act: activation, layer_norm_eps: epsilon } = config;
  return {
    assume: {
      ...assume,
      ...(typeof activation === "string" && { activation }),
    },
    refusal:
      typeof epsilon === "number" && epsilon > mostEpsilon
        ? new Fault(
            "unsupported-network",
            `"${name}" says layer_norm_eps=${epsilon}, and Proxima builds such networks with ${mostEpsilon} and less.`,
            exportAdvice,
          )
        : null,
  };
}

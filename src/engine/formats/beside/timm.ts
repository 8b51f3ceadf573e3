/** timm's config.json: the architecture's name, the arguments it was made with, and how its pictures are prepared. */
import { Fault } from "../../../shared/fault";
import { exportAdvice } from "../state-dict/advice";
import { isCount, isObject, type Json } from "../json";
import { indexedLabels, listedLabels } from "./labels";
import {
  forChannels,
  normalised,
  preprocessingFrom,
  sizeOf,
  textOf,
  valuesOf,
} from "./numbers";
import type { Beside, BesidePreprocessing } from "./said";

export function isTimm(config: Json): boolean {
  return (
    textOf(config["architecture"]) !== null &&
    isObject(config["pretrained_cfg"])
  );
}

export function timmSays(config: Json, name: string): Beside {
  const found = config["pretrained_cfg"];
  const trained = isObject(found) ? found : {};
  const labels = labelsIn(config) ?? labelsIn(trained);
  const shifted =
    isCount(trained["label_offset"]) && trained["label_offset"] > 0;
  const { num_classes: classes = trained["num_classes"] } = config;
  const preprocessing = preprocessingOf(trained, name);
  return {
    sources: [name],
    architecture: textOf(config["architecture"]),
    ...argumentsIn(config, name),
    classes: isCount(classes) && classes > 0 && !shifted ? classes : null,
    labels,
    size: sizeOf(trained["input_size"]),
    preprocessing,
    warnings: [],
  };
}

function labelsIn(config: Json): string[] | null {
  const { label_names: names, label_descriptions: words } = config;
  const labels = listedLabels(names) ?? indexedLabels(names);
  if (!labels || !isObject(words)) return labels;
  // the names are ImageNet's synsets then
  return labels.map((label) => textOf(words[label]) ?? label);
}

function preprocessingOf(
  trained: Json,
  name: string,
): BesidePreprocessing | null {
  const mean = valuesOf(trained["mean"]);
  const std = valuesOf(trained["std"]);
  if (!mean || !std) return null;
  const unit = { scale: [1 / 255], offset: [0] };
  const value = preprocessingFrom(normalised(unit, mean, std), "RGB");
  return (
    value && {
      from: "file",
      because: `"${name}" gives the mean and std of the pixels.`,
      forChannels: forChannels(value),
    }
  );
}

/** Arguments that change no layer's work, or that shapes show. */
const harmless = new Set([
  ...["num_classes", "in_chans", "img_size", "patch_size", "pretrained"],
  ...["drop_rate", "drop_path_rate", "drop_block_rate", "proj_drop_rate"],
  ...["attn_drop_rate", "pos_drop_rate", "patch_drop_rate", "scriptable"],
  ...["exportable", "no_jit", "device", "dtype", "cache_dir"],
  ...["depth", "embed_dim", "init_values", "zero_init_last", "weight_init"],
  ...["channels", "layers", "depths", "dims", "mlp_ratio", "growth_rate"],
  ...["base_width", "cardinality", "stem_width", "stem_type", "avg_down"],
  ...["class_token", "qkv_bias", "ls_init_value"],
  ...["dynamic_img_size", "dynamic_img_pad", "strict_img_size"],
]);

/** Layers of an output stride, from the first stage to the last. */
const dilations: ReadonlyMap<unknown, string> = new Map([
  [8, "1,1,2,4"],
  [16, "1,1,1,2"],
]);

/** What the arguments of timm.create_model say; one that nobody here knows would make another network, and refuses it. */
function argumentsIn(
  { model_args: found, global_pool: pool = null }: Json,
  name: string,
): Pick<Beside, "assume" | "refusal"> {
  const assume: Record<string, string> = {};
  // older files have the pooling outside of the arguments
  const args = { global_pool: pool, ...(isObject(found) && found) };
  for (const [key, value] of Object.entries(args)) {
    if (harmless.has(key) || value === null) continue;
    const said = assumptionOf(key, value);
    if (!said) return { assume, refusal: unknownArgument(key, value, name) };
    Object.assign(assume, said);
  }
  return { assume, refusal: null };
}

/** Null for an argument, or a value of it, that is not known. */
function assumptionOf(
  key: string,
  value: unknown,
): Record<string, string> | null {
  switch (key) {
    case "act_layer":
      return typeof value === "string" ? { activation: value } : null;
    case "global_pool":
      if (typeof value !== "string") return null;
      // the mean is usual, and a class token shows in the keys
      return ["avg", "token", ""].includes(value) ? {} : { pooling: value };
    case "num_heads":
      return isCount(value) ? { heads: String(value) } : null;
    case "output_stride": {
      if (value === 32) return {};
      const dilation = dilations.get(value);
      return dilation === undefined ? null : { dilation };
    }
    default:
      return null;
  }
}

function unknownArgument(key: string, value: unknown, name: string): Fault {
  const words = JSON.stringify(value).slice(0, 60);
  return new Fault(
    "unsupported-network",
    `"${name}" says that timm made the network with ${key.slice(0, 60)}=${words}, which weights do not show.`,
    exportAdvice,
  );
}

/** TF.js layers models: model.json with a Keras topology, and weights in shards. */
import { Fault } from "../../../shared/fault";
import type { Format, NetworkFiles } from "../format";
import { isObject, mostJsonBytes, parseJson, type Json } from "../json";
import { readKeras, versionOf } from "../keras/read";
import { readTopology } from "../keras/topology";
import { producerOf, readManifest, WeightStore } from "../tfjs-weights";
import { weightSource } from "./weights";

export const tfjsLayers: Format = {
  id: "tfjs-layers",
  title: "TF.js layers model",

  async recognises(files) {
    const name = modelNameOf(files);
    if (name === null) return false;
    const model = parseJson(await files.read(name, mostJsonBytes), name);
    return isObject(model) && isLayersModel(model);
  },

  async read(files, options) {
    const name = modelNameOf(files) ?? "model.json";
    options.progress("Reading the topology", 0, 0);
    const model = parseJson(await files.read(name, mostJsonBytes), name);
    if (!isObject(model))
      throw new Fault("damaged-file", `"${name}" is not a model.`);
    const written = model["modelTopology"];
    const topology = readTopology(written);
    return readKeras(
      {
        format: tfjsLayers.title,
        producer: producerOf(model),
        version: versionOf(isObject(written) ? written["keras_version"] : null),
        topology,
        async weights() {
          const manifest = readManifest(model["weightsManifest"], name);
          const store = await WeightStore.read(manifest, files, options);
          return weightSource(store, topology);
        },
      },
      files,
      options,
    );
  },
};

/**
 * The topology's file: model.json of a folder, also where one of its shards was chosen, or other JSON that was chosen
 * or comes first; null where another file was chosen.
 */
export function modelNameOf({ chosen, names }: NetworkFiles): string | null {
  const isModel = (name: string | undefined) =>
    name?.endsWith(".json") && !["card.json", "labels.json"].includes(name);
  if (chosen !== null && isModel(chosen)) return chosen;
  if (chosen !== null && !/\.(json|bin)$/.test(chosen)) return null;
  if (names.includes("model.json")) return "model.json";
  const [first = null] = names;
  return chosen === null && isModel(first ?? undefined) ? first : null;
}

function isLayersModel(model: Json): boolean {
  const topology = model["modelTopology"];
  return (
    model["format"] === "layers-model" ||
    (isObject(topology) &&
      (topology["model_config"] !== undefined ||
        topology["class_name"] !== undefined ||
        topology["className"] !== undefined))
  );
}

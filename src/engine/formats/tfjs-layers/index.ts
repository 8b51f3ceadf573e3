/** TF.js layers models: model.json with a Keras topology, and weights in shards. */
import type { Format } from "../format";
import { isObject, type Json } from "../json";
import { readKeras, versionOf } from "../keras/read";
import { readTopology } from "../keras/topology";
import { findModel, readModel } from "../tfjs-model";
import { producerOf, readManifest, WeightStore } from "../tfjs-weights";
import { weightSource } from "./weights";

export const tfjsLayers: Format = {
  id: "tfjs-layers",
  title: "TF.js layers model",

  async recognises(files) {
    const model = await findModel(files);
    return model !== null && isLayersModel(model);
  },

  async read(files, options) {
    const { name, model } = await readModel(files, options);
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

/** TF.js graph models: model.json with a TensorFlow graph, and weights in shards. */
import type { Format } from "../format";
import { isObject, type Json } from "../json";
import type { OpenDims, TensorSource } from "../tensorflow/attributes";
import { Flattener, type FlatNode } from "../tensorflow/flatten";
import { lowerGraph } from "../tensorflow/lower";
import type { Candidate } from "../tensorflow/outputs";
import { checkedTensor } from "../tensorflow/tensor";
import { findModel, readModel } from "../tfjs-model";
import { producerOf, readManifest, WeightStore } from "../tfjs-weights";
import { jsonGraph, shapeOf } from "./json-graph";

export const tfjsGraph: Format = {
  id: "tfjs-graph",
  title: "TF.js graph model",

  async recognises(files) {
    const model = await findModel(files);
    return model !== null && isGraphModel(model);
  },

  async read(files, options) {
    const { name, model } = await readModel(files, options);
    const graph = jsonGraph(model["modelTopology"]);
    const manifest = readManifest(model["weightsManifest"], name);
    const flattener = new Flattener(graph);
    const outputs = signed(model, "outputs").map(
      ([key, { tensor }]): Candidate => ({
        name: key,
        source: flattener.source(tensor),
        stripped: [],
        declared: true,
      }),
    );
    let store: Promise<WeightStore> | null = null;
    const weights = () =>
      (store ??= WeightStore.read(manifest, files, options));
    const tensor = (node: FlatNode): TensorSource | null => {
      const spec = node.op === "Const" ? manifest.specs.get(node.name) : null;
      return spec
        ? {
            dims: spec.shape,
            type: spec.type ?? "other",
            stored: spec.stored ?? "other",
            async load(about) {
              const { dims, type, data } = (await weights()).constant(
                spec.name,
              );
              return checkedTensor(dims, type, data, about);
            },
            strings: () => [],
          }
        : null;
    };
    return lowerGraph(
      {
        nodes: flattener.nodes(),
        outputs: outputs.length > 0 ? outputs : null,
        declared: new Map(
          signed(model, "inputs").map(([, { tensor, dims }]) => [
            tensor.split(":")[0] ?? tensor,
            dims,
          ]),
        ),
        tensor,
        format: tfjsGraph.title,
        producer: producerOf(model),
      },
      files,
      options,
    );
  },
};

function isGraphModel(model: Json): boolean {
  const topology = model["modelTopology"];
  return (
    model["format"] === "graph-model" ||
    (isObject(topology) && Array.isArray(topology["node"]))
  );
}

interface Signed {
  readonly tensor: string;
  readonly dims: OpenDims;
}

/** The inputs or outputs that the model's signature names. */
function signed(model: Json, side: "inputs" | "outputs"): [string, Signed][] {
  const metadata = model["userDefinedMetadata"];
  const signature =
    model["signature"] ?? (isObject(metadata) ? metadata["signature"] : null);
  const entries = isObject(signature) ? signature[side] : null;
  if (!isObject(entries)) return [];
  return Object.entries(entries).flatMap(([key, info]) => {
    if (!isObject(info) || typeof info["name"] !== "string") return [];
    const dims = shapeOf(info["tensorShape"], `signature's "${key}"`);
    return [[key, { tensor: info["name"], dims }] as [string, Signed]];
  });
}

/** TF.js layers models: model.json with a Keras topology, and weights in shards. */
import { Fault } from "../../../shared/fault";
import { Assembler, type Input } from "../assembler";
import type { Format, NetworkFiles, ReadOptions } from "../format";
import { fixedSizeOf, inputOf, type OpenShape } from "../input";
import { isObject, mostJsonBytes, parseJson, type Json } from "../json";
import { producerOf, readManifest, WeightStore } from "../tfjs-weights";
import { buildNodes, checkLayers } from "./build";
import type { Config } from "./config";
import { readTopology, type Topology } from "./topology";

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
    const topology = readTopology(model["modelTopology"]);
    // first what cannot be done at all: it needs no weights
    checkLayers(topology);
    const manifest = readManifest(model["weightsManifest"], name);
    const shape = shapeIn(topology);
    if (!shape)
      throw new Fault(
        "damaged-file",
        "The topology does not say what shape its input has.",
        "Export the network again.",
      );
    const input = inputOf(shape, options);
    const weights = await WeightStore.read(manifest, files, options);
    options.progress("Building the network", 0, 0);
    const assembly = assemble(topology, weights, input, options);
    const { stripped, ...network } = assembly;
    return {
      ...network,
      name: files.title,
      labels: [],
      preprocessing: null,
      provenance: {
        format: tfjsLayers.title,
        hash: files.hash(),
        producer: producerOf(model),
        stripped,
        warnings: [],
      },
      told: { fixedSize: fixedSizeOf(shape), preprocessing: null },
    };
  },
};

/** The file chosen, or model.json. */
export function modelNameOf(files: NetworkFiles): string | null {
  const [first] = files.names;
  const reserved = ["card.json", "labels.json"];
  if (files.names.includes("model.json") && !first?.endsWith(".json"))
    return "model.json";
  if (first?.endsWith(".json") && !reserved.includes(first)) return first;
  return files.names.includes("model.json") ? "model.json" : null;
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

function assemble(
  topology: Topology,
  weights: WeightStore,
  input: Input,
  { size }: ReadOptions,
) {
  try {
    const assembler = new Assembler(input);
    return assembler.finish(buildNodes(topology, assembler, weights));
  } catch (error) {
    const fixed = shapeIn(topology);
    if (!size || !(error instanceof Fault) || !fixed?.[0] || !fixed[1])
      throw error;
    throw new Fault(
      "invalid-request",
      `The network cannot take an input of ${size.join(" x ")} pixels. ${error.message}`,
      `It was made for ${fixed[0]} x ${fixed[1]}.`,
      { cause: error },
    );
  }
}

/** The input's shape in the topology, or that of the model its first layer is; open dimensions are null. */
function shapeIn(topology: Topology): OpenShape | null {
  const start = topology.layers.get(topology.inputs[0]?.layer ?? "");
  const own = start && batchShapeOf(start.config);
  if (own) return own;
  const readers = [...topology.layers.values()].filter((layer) =>
    layer.calls.some((call) => call.some((s) => s.layer === start?.name)),
  );
  const inner = readers.find((layer) => layer.model)?.model;
  return inner ? shapeIn(inner) : null;
}

function batchShapeOf(config: Config): OpenShape | null {
  const key = ["batch_input_shape", "batch_shape", "input_shape"].find(
    (k) => config.raw(k) !== null,
  );
  if (key === undefined) return null;
  const all = config.dimensions(key);
  const shape = key === "input_shape" ? all : all.slice(1);
  const [height, width, channels] = shape;
  if (
    shape.length !== 3 ||
    height === undefined ||
    width === undefined ||
    channels === undefined
  )
    throw new Fault(
      "unsupported-network",
      `The input has the shape [${shape.map((d) => d ?? "any").join(", ")}].`,
      "Supported are images [height, width, channels].",
    );
  return [height, width, channels];
}

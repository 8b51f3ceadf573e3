/** The topology of a layers model: layers, and which call of which layer reads what. */
import { Fault } from "../../../shared/fault";
import { isObject, type Json } from "../json";
import { Config } from "./config";

/** The output of one call of a layer; layers may be called several times. */
export interface Source {
  readonly layer: string;
  readonly call: number;
}

export interface Layer {
  readonly name: string;
  readonly className: string;
  readonly config: Config;
  /** What each call reads. */
  readonly calls: readonly (readonly Source[])[];
  /** A model inside the model. */
  readonly model: Topology | null;
}

export interface Topology {
  readonly layers: ReadonlyMap<string, Layer>;
  readonly inputs: readonly Source[];
  readonly outputs: readonly Source[];
}

const mostLayers = 10_000;
const deepestModel = 16;
const modelClasses: readonly string[] = ["Model", "Functional", "Sequential"];

/** Reads what `modelTopology` holds: { class_name, config }, bare or under `model_config`. */
export function readTopology(modelTopology: unknown): Topology {
  const bare =
    isObject(modelTopology) && modelTopology["model_config"] !== undefined
      ? modelTopology["model_config"]
      : modelTopology;
  return readModel(bare, 0);
}

function readModel(value: unknown, depth: number): Topology {
  if (depth > deepestModel)
    throw damaged(`Models lie more than ${deepestModel} deep in each other.`);
  const { className, config } = classOf(value);
  if (!modelClasses.includes(className))
    throw new Fault(
      "unsupported-network",
      `The topology is of the class ${JSON.stringify(className)}.`,
      `Supported are ${modelClasses.join(", ")}.`,
    );
  const list: unknown = Array.isArray(config) ? config : config["layers"];
  if (!Array.isArray(list) || list.length === 0)
    throw damaged("The topology lists no layers.");
  if (list.length > mostLayers)
    throw damaged(`The topology lists ${list.length} layers.`);
  const layers = list.map((entry: unknown) => readLayer(entry, depth));
  const names = new Map(layers.map((layer) => [layer.name, layer]));
  if (names.size < layers.length)
    throw damaged("Two layers of the topology have the same name.");
  if (className === "Sequential") return chain(layers);
  const ends: Json = Array.isArray(config) ? {} : config;
  return {
    layers: names,
    inputs: readSources(ends["input_layers"] ?? ends["inputLayers"], "inputs"),
    outputs: readSources(
      ends["output_layers"] ?? ends["outputLayers"],
      "outputs",
    ),
  };
}

function classOf(value: unknown): {
  className: string;
  config: Json | unknown[];
} {
  const className = isObject(value)
    ? (value["class_name"] ?? value["className"])
    : undefined;
  const config = isObject(value) ? value["config"] : undefined;
  if (typeof className !== "string")
    throw damaged("The topology names no class.");
  if (!isObject(config) && !Array.isArray(config))
    throw damaged(`The topology of class "${className}" has no config.`);
  return { className, config };
}

function readLayer(entry: unknown, depth: number): Layer {
  const { className, config } = classOf(entry);
  const settings: Json = Array.isArray(config) ? {} : config;
  const outer = isObject(entry) ? entry["name"] : undefined;
  const name = outer ?? settings["name"];
  if (typeof name !== "string" || name.length === 0 || name.length > 500)
    throw damaged(`A layer of class "${className}" has no name.`);
  const inbound = isObject(entry)
    ? (entry["inbound_nodes"] ?? entry["inboundNodes"] ?? [])
    : [];
  if (!Array.isArray(inbound))
    throw damaged(`The layer "${name}" has unreadable inbound nodes.`);
  return {
    name,
    className,
    config: new Config(name, settings),
    calls: inbound.map((call: unknown) => readCall(call, name)),
    model: modelClasses.includes(className)
      ? readModel(entry, depth + 1)
      : null,
  };
}

/** One call: [[layer, call, tensor, arguments], ...]. */
function readCall(call: unknown, name: string): Source[] {
  if (isObject(call))
    throw new Fault(
      "unsupported-network",
      `The layer "${name}" is written as Keras 3 writes it.`,
      "Supported are topologies of Keras 2 and of TF.js: save the model with tf_keras or TensorFlow up to 2.15.",
    );
  if (!Array.isArray(call))
    throw damaged(`The layer "${name}" has unreadable inbound nodes.`);
  return call.map((source: unknown) => readSource(source, name));
}

function readSources(value: unknown, what: string): Source[] {
  if (!Array.isArray(value) || value.length === 0)
    throw damaged(`The topology names no ${what}.`);
  // one source may stand without its list
  const list: unknown[] = typeof value[0] === "string" ? [value] : value;
  return list.map((source) => readSource(source, `the ${what}`));
}

function readSource(source: unknown, reader: string): Source {
  const parts: unknown[] = Array.isArray(source) ? source : [];
  const [layer, call, tensor] = parts;
  if (
    typeof layer !== "string" ||
    !Number.isSafeInteger(call) ||
    Number(call) < 0
  )
    throw damaged(
      `"${reader}" reads ${JSON.stringify(source)?.slice(0, 100)}, which names no layer's call.`,
    );
  if (tensor !== 0)
    throw new Fault(
      "unsupported-network",
      `"${reader}" reads output ${JSON.stringify(tensor)} of the layer "${layer}".`,
      "Supported are layers with one output.",
    );
  return { layer, call: Number(call) };
}

/** A Sequential model: every layer reads the one before it. */
function chain(layers: readonly Layer[]): Topology {
  const hasInput = layers[0]?.className === "InputLayer";
  const body = hasInput ? layers.slice(1) : layers;
  const first: Layer = (hasInput ? layers[0] : undefined) ?? {
    // no layer has this name: a slash alone
    name: "/",
    className: "InputLayer",
    // the first layer may carry the input's shape, or the model inside it
    config: body[0]?.config ?? new Config("/", {}),
    calls: [],
    model: null,
  };
  let before: Source = { layer: first.name, call: 0 };
  const inputs = [before];
  const all = new Map<string, Layer>([[first.name, first]]);
  for (const layer of body) {
    all.set(layer.name, { ...layer, calls: [[before]] });
    before = { layer: layer.name, call: 0 };
  }
  return { layers: all, inputs, outputs: [before] };
}

function damaged(message: string): Fault {
  return new Fault("damaged-file", message, "Export the network again.");
}

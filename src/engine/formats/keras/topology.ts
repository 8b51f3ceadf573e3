/** The topology of a Keras model: layers, and which call of which layer reads what. */
import { Fault } from "../../../shared/fault";
import { isObject, type Json } from "../json";
import {
  callOn,
  readCall,
  readSource,
  tensorsOf,
  type Call,
  type Source,
} from "./arguments";
import { Config } from "./config";

export interface Layer {
  readonly name: string;
  readonly className: string;
  /** Where Keras 3 says the class is from: "keras.layers", "keras.src.ops.numpy"; "" where it does not say. */
  readonly module: string;
  /** "package>Class" or "module>Class" of a class that others wrote; null for Keras' own. */
  readonly foreign: string | null;
  readonly config: Config;
  readonly calls: readonly Call[];
  /** A model inside the model. */
  readonly model: Topology | null;
}

export interface Topology {
  /** "resnet50": what its maker called the model. */
  readonly name: string;
  readonly className: string;
  /** In the order of the file. */
  readonly layers: ReadonlyMap<string, Layer>;
  readonly inputs: readonly Source[];
  readonly outputs: readonly Source[];
  /** Of the outputs: keys where they are a dictionary, else the layers' names; each once. */
  readonly outputNames: readonly string[];
}

const mostLayers = 10_000;
const deepestModel = 16;
const modelClasses: readonly string[] = ["Model", "Functional", "Sequential"];

/** Reads { class_name, config }, bare or under `model_config`. */
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
      `Supported are ${modelClasses.join(", ")}: a model in a class of its own has its code elsewhere.`,
    );
  const settings: Json = Array.isArray(config) ? {} : config;
  const list: unknown = Array.isArray(config) ? config : config["layers"];
  if (!Array.isArray(list) || list.length === 0)
    throw damaged("The topology lists no layers.");
  if (list.length > mostLayers)
    throw damaged(`The topology lists ${list.length} layers.`);
  const layers = list.map((entry: unknown) => readLayer(entry, depth));
  const names = new Map(layers.map((layer) => [layer.name, layer]));
  if (names.size < layers.length)
    throw damaged("Two layers of the topology have the same name.");
  const name = typeof settings["name"] === "string" ? settings["name"] : "";
  if (className === "Sequential") return { name, className, ...chain(layers) };
  const inputs = settings["input_layers"] ?? settings["inputLayers"];
  const outputs = readEnds(
    settings["output_layers"] ?? settings["outputLayers"],
    "outputs",
  );
  return {
    name,
    className,
    layers: names,
    inputs: readEnds(inputs, "inputs").map(({ source }) => source),
    outputs: outputs.map(({ source }) => source),
    outputNames: unique(outputs.map((end) => end.name)),
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
  const outside: Json = isObject(entry) ? entry : {};
  const settings: Json = Array.isArray(config) ? {} : config;
  const name = outside["name"] ?? settings["name"];
  if (typeof name !== "string" || name.length === 0 || name.length > 500)
    throw damaged(`A layer of class "${className}" has no name.`);
  const inbound = outside["inbound_nodes"] ?? outside["inboundNodes"] ?? [];
  if (!Array.isArray(inbound))
    throw damaged(`The layer "${name}" has unreadable inbound nodes.`);
  const { module, registered_name: registered } = outside;
  return {
    name,
    className,
    module: typeof module === "string" ? module : "",
    foreign:
      registeredBy(className) ??
      registeredBy(registered) ??
      writtenBy(module, registered, className),
    config: new Config(name, settings),
    calls: inbound.map((call: unknown) => readCall(call, name)),
    model: modelClasses.includes(className)
      ? readModel(entry, depth + 1)
      : null,
  };
}

/** Keras 2 writes "package>Class" as the class, Keras 3 beside it. */
function registeredBy(name: unknown): string | null {
  const isForeign =
    typeof name === "string" && name.includes(">") && !/^keras>/i.test(name);
  return isForeign ? name : null;
}

/** Keras 3 says which module a class is from; null for a script's own. */
function writtenBy(
  module: unknown,
  registered: unknown,
  className: string,
): string | null {
  if (typeof module === "string")
    return /^(keras|tf_keras|tensorflow)(\.|$)/.test(module)
      ? null
      : `${module}>${className}`;
  return module === null && typeof registered === "string" ? className : null;
}

interface End {
  readonly name: string;
  readonly source: Source;
}

const deepestEnds = 8;

/** One [layer, call, output], or lists and dictionaries of these. */
function readEnds(value: unknown, what: string): End[] {
  const ends: End[] = [];
  const visit = (part: unknown, key: string | null, depth: number): void => {
    if (depth > deepestEnds) throw damaged(`The ${what} lie too deep.`);
    if (isObject(part))
      for (const [name, inner] of Object.entries(part))
        visit(inner, name, depth + 1);
    else if (Array.isArray(part) && typeof part[0] !== "string")
      for (const inner of part) visit(inner, key, depth + 1);
    else {
      const source = readSource(part, `the ${what}`);
      ends.push({ name: key ?? source.layer, source });
    }
  };
  visit(value ?? [], null, 0);
  if (ends.length === 0) throw damaged(`The topology names no ${what}.`);
  return ends;
}

/** Names that are there again get a number, as Keras numbers them. */
function unique(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let free = name;
    for (let i = 1; taken.has(free); i++) free = `${name}_${i}`;
    taken.add(free);
    return free;
  });
}

/** A Sequential model: every layer reads the one before it. */
function chain(layers: readonly Layer[]): Omit<Topology, "name" | "className"> {
  const hasInput = layers[0]?.className === "InputLayer";
  const body = hasInput ? layers.slice(1) : layers;
  const first: Layer = (hasInput ? layers[0] : undefined) ?? {
    // no layer has this name: a slash alone
    name: "/",
    className: "InputLayer",
    module: "",
    foreign: null,
    // the first layer may carry the input's shape, or the model inside it
    config: body[0]?.config ?? new Config("/", {}),
    calls: [],
    model: null,
  };
  let before: Source = { layer: first.name, call: 0, output: 0 };
  const inputs = [before];
  const all = new Map<string, Layer>([[first.name, first]]);
  for (const layer of body) {
    all.set(layer.name, { ...layer, calls: [callOn(before)] });
    before = { layer: layer.name, call: 0, output: 0 };
  }
  return {
    layers: all,
    inputs,
    outputs: [before],
    outputNames: [before.layer],
  };
}

/**
 * The call of a layer that a source means. Keras counts the calls of a layer over all models it is in, and a model's
 * own making as its first: what counts is that the last call that is read is the last one there is.
 */
export class Calls {
  readonly #topology: Topology;
  /** By layer, the highest number anyone reads. */
  readonly #highest = new Map<string, number>();

  constructor(topology: Topology) {
    this.#topology = topology;
    const reads = [...topology.layers.values()].flatMap((layer) =>
      layer.calls.flatMap(tensorsOf),
    );
    for (const { layer, call } of [...reads, ...topology.outputs])
      this.#highest.set(layer, Math.max(call, this.#highest.get(layer) ?? 0));
  }

  /** Throws a Fault `damaged-file` where there is no such layer or call. */
  find({ layer: name, call }: Source): { layer: Layer; call: Call } {
    const layer = this.#topology.layers.get(name);
    if (!layer) throw damaged(`The topology has no layer "${name}".`);
    if (layer.className === "InputLayer")
      return { layer, call: { args: [], named: new Map() } };
    const { length } = layer.calls;
    const before = Math.max(0, (this.#highest.get(name) ?? 0) - length + 1);
    const found = layer.calls[length === 1 ? 0 : call - before];
    if (!found)
      throw damaged(
        `The layer "${name}" is called ${length} times, and call ${call} is read.`,
      );
    return { layer, call: found };
  }
}

function damaged(message: string): Fault {
  return new Fault("damaged-file", message, "Export the network again.");
}

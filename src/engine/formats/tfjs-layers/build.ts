/** From a topology and its weights to nodes. */
import { Fault } from "../../../shared/fault";
import { inputName } from "../../network/network";
import type { Assembler } from "../assembler";
import type { WeightStore } from "../tfjs-weights";
import { activationNames, unknownActivation } from "./activations";
import { layerKinds } from "./layers";
import type { Layer, Source, Topology } from "./topology";

/** Throws one Fault `unsupported-network` that names every layer that cannot be done. */
export function checkLayers(topology: Topology): void {
  const problems = [...problemsOf(topology)];
  if (problems.length === 0) return;
  const shown = problems.slice(0, 20).join("; ");
  const more = problems.length > 20 ? `; and ${problems.length - 20} more` : "";
  throw new Fault(
    "unsupported-network",
    `${problems.length === 1 ? "A layer" : `${problems.length} layers`} cannot be done: ${shown}${more}.`,
    `Supported layers: ${Object.keys(layerKinds).join(", ")}. Supported activations: ${activationNames.join(", ")}.`,
  );
}

function* problemsOf(topology: Topology): Generator<string> {
  const single = (ends: readonly Source[], what: string) =>
    ends.length === 1 ? [] : [`${ends.length} ${what}, supported is one`];
  yield* single(topology.inputs, "inputs");
  yield* single(topology.outputs, "outputs");
  for (const layer of topology.layers.values()) {
    const name = `"${layer.name}"`;
    if (layer.model) {
      for (const problem of problemsOf(layer.model))
        yield `in ${name}: ${problem}`;
      continue;
    }
    if (layer.className === "InputLayer") continue;
    // a plain object has names of its own, such as "constructor"
    const kind = Object.hasOwn(layerKinds, layer.className)
      ? layerKinds[layer.className]
      : undefined;
    if (!kind) {
      yield `${name} is a ${layer.className}`;
      continue;
    }
    const format = layer.config.raw("data_format");
    if (format === "channels_first" || format === "channelsFirst")
      yield `${name} has its channels first (data_format)`;
    const activation = unknownActivation(layer.config.raw("activation"));
    if (activation !== null) yield `${name} has the activation ${activation}`;
    const refused = kind.refuses?.(layer.config);
    if (refused) yield `${name} (${layer.className}) has ${refused}`;
  }
}

/** Adds all of a topology's nodes that its output needs; returns the output's name. */
export function buildNodes(
  topology: Topology,
  assembler: Assembler,
  weights: WeightStore,
): string {
  return buildModel(topology, assembler, weights, inputName, "");
}

/** `input`: the node the model's input stands for; `prefix`: of its layers' names. */
function buildModel(
  topology: Topology,
  assembler: Assembler,
  weights: WeightStore,
  input: string,
  prefix: string,
): string {
  const [start] = topology.inputs;
  const [end] = topology.outputs;
  if (!start || !end)
    throw damaged("A model in the topology has no input or no output.");
  const done = new Map([[keyOf(start), input]]);
  const build = (layer: Layer, inputs: readonly string[]): string => {
    const name = prefix + layer.name;
    if (layer.model) {
      const [only] = inputs;
      if (only === undefined || inputs.length > 1)
        throw damaged(`The model "${name}" has ${inputs.length} inputs.`);
      return buildModel(layer.model, assembler, weights, only, `${name}/`);
    }
    const kind = layerKinds[layer.className];
    if (!kind)
      throw damaged(`The input "${name}" is none of the model's inputs.`);
    return kind.build({
      name,
      config: layer.config,
      inputs,
      shapeOf: (node) => assembler.shapeOf(node),
      add: (...node) => assembler.add(...node),
      weight(weight) {
        const found = weights.find(layer.name, weight);
        if (found) return found;
        throw damaged(`The weight "${layer.name}/${weight}" is missing.`);
      },
    });
  };

  // Depth first without recursion: a hostile file may be deeper than the stack.
  const path: Source[] = [end];
  const waiting = new Set<string>();
  for (let next = path.at(-1); next; next = path.at(-1)) {
    const key = keyOf(next);
    const { layer, sources } = callOf(topology, next);
    const open = sources.filter((source) => !done.has(keyOf(source)));
    if (done.has(key)) path.pop();
    else if (open.length > 0) {
      if (waiting.has(key))
        throw damaged(`The layer "${layer.name}" reads what depends on it.`);
      waiting.add(key);
      path.push(...open.reverse());
    } else {
      const inputs = sources.map((source) => done.get(keyOf(source)) ?? "");
      done.set(key, build(layer, inputs));
      path.pop();
    }
  }
  return done.get(keyOf(end)) ?? input;
}

function callOf(topology: Topology, { layer: name, call }: Source) {
  const layer = topology.layers.get(name);
  if (!layer) throw damaged(`The topology has no layer "${name}".`);
  return { layer, sources: sourcesOf(layer, call) };
}

/**
 * Calls are numbered over all models a layer is in; where a layer is called once, that call is meant.
 */
function sourcesOf(layer: Layer, call: number): readonly Source[] {
  if (layer.className === "InputLayer") return [];
  const sources = layer.calls.length === 1 ? layer.calls[0] : layer.calls[call];
  if (!sources)
    throw damaged(
      `The layer "${layer.name}" is called ${layer.calls.length} times, and call ${call} is read.`,
    );
  return sources;
}

function keyOf({ layer, call }: Source): string {
  return `${call} ${layer}`;
}

function damaged(message: string): Fault {
  return new Fault("damaged-file", message, "Export the network again.");
}

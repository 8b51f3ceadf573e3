/** In what order the layers of a model, and of the models inside it, are computed. */
import { Fault } from "../../../shared/fault";
import { mapCall, tensorsOf, type Call, type Source } from "./arguments";
import { Calls, type Layer, type Topology } from "./topology";

/** One call of one layer. */
export interface Step {
  readonly layer: Layer;
  /** Names of the models around it, the outermost first, and its own. */
  readonly path: readonly string[];
  /** Reads other steps by their number; {@link networkInput} is the network's input. */
  readonly call: Call<number>;
}

export interface Plan {
  readonly steps: readonly Step[];
  /** The steps that give the network's outputs, in their order. */
  readonly outputs: readonly number[];
  /** Every layer and model on the way to the outputs. */
  readonly reached: ReadonlySet<Layer>;
}

export const networkInput = -1;
/** Models may be called several times, and hold others. */
const mostSteps = 100_000;

interface Planning {
  readonly steps: Step[];
  readonly reached: Set<Layer>;
}

/**
 * The steps some outputs need (all, unless their places are given), each after those it reads.
 * Throws a Fault `damaged-file` for a topology without order, `unsupported-network` for one with several inputs.
 */
export function planSteps(
  topology: Topology,
  places: readonly number[] = [...topology.outputs.keys()],
): Plan {
  if (topology.inputs.length > 1)
    throw new Fault(
      "unsupported-network",
      `The network has ${topology.inputs.length} inputs: ${topology.inputs
        .slice(0, 3)
        .map(({ layer }) => JSON.stringify(layer))
        .join(", ")}${topology.inputs.length > 3 ? ", ..." : ""}.`,
      "Make a model of the picture alone, with the other inputs held at constants, and save that.",
    );
  const planning: Planning = { steps: [], reached: new Set() };
  const ends = places.flatMap((place) => topology.outputs[place] ?? []);
  const outputs = planModel(topology, ends, [networkInput], [], planning);
  return { ...planning, outputs };
}

/** `inputs`: the steps the model's inputs stand for. Returns those of `ends`. */
function planModel(
  topology: Topology,
  ends: readonly Source[],
  inputs: readonly number[],
  path: readonly string[],
  planning: Planning,
): number[] {
  if (topology.inputs.length !== inputs.length)
    throw damaged(
      `The model "${path.join("/")}" has ${topology.inputs.length} inputs and is called with ${inputs.length}.`,
    );
  const calls = new Calls(topology);
  /** By call, the steps of its outputs. */
  const done = new Map(
    topology.inputs.map((start, i) => [keyOf(start), inputs.slice(i, i + 1)]),
  );
  const stepOf = (source: Source): number => {
    const found = done.get(keyOf(source))?.[source.output];
    if (found !== undefined) return found;
    throw new Fault(
      "unsupported-network",
      `Output ${source.output} of the layer "${source.layer}" is read.`,
      "Supported are layers with one output, and models with several.",
    );
  };
  // Depth first without recursion: a hostile file may be deeper than the stack.
  const open: Source[] = ends.toReversed();
  const waiting = new Set<string>();
  for (let next = open.at(-1); next; next = open.at(-1)) {
    const key = keyOf(next);
    if (done.has(key)) {
      open.pop();
      continue;
    }
    const { layer, call } = calls.find(next);
    const missing = tensorsOf(call).filter((s) => !done.has(keyOf(s)));
    if (missing.length > 0) {
      if (waiting.has(key))
        throw damaged(`The layer "${layer.name}" reads what depends on it.`);
      waiting.add(key);
      for (const source of missing.reverse()) open.push(source);
    } else {
      const ready = mapCall(call, stepOf);
      done.set(key, planLayer(layer, ready, [...path, layer.name], planning));
      open.pop();
    }
  }
  return ends.map(stepOf);
}

function planLayer(
  layer: Layer,
  call: Call<number>,
  path: readonly string[],
  planning: Planning,
): number[] {
  const { model } = layer;
  planning.reached.add(layer);
  if (model)
    return planModel(model, model.outputs, tensorsOf(call), path, planning);
  if (layer.className === "InputLayer")
    throw damaged(
      `The input "${path.join("/")}" is none of the model's inputs.`,
    );
  if (planning.steps.length >= mostSteps)
    throw damaged(`The network takes more than ${mostSteps} steps.`);
  return [planning.steps.push({ layer, path, call }) - 1];
}

/** Of a call; it may have several outputs. */
function keyOf({ layer, call }: Source): string {
  return `${call} ${layer}`;
}

function damaged(message: string): Fault {
  return new Fault("damaged-file", message, "Export the network again.");
}

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
  /** The step that gives the network's output. */
  readonly output: number;
}

export const networkInput = -1;
/** Models may be called several times, and hold others. */
const mostSteps = 100_000;

/** The steps the output needs, each after those it reads. Throws a Fault `damaged-file` for a topology without order. */
export function planSteps(topology: Topology): Plan {
  const steps: Step[] = [];
  const output = planModel(topology, networkInput, [], steps);
  return { steps, output };
}

/** `input`: the step the model's input stands for. Returns that of its output. */
function planModel(
  topology: Topology,
  input: number,
  path: readonly string[],
  steps: Step[],
): number {
  const [start] = topology.inputs;
  const [end] = topology.outputs;
  if (!start || !end)
    throw damaged("A model in the topology has no input or no output.");
  const calls = new Calls(topology);
  const done = new Map([[keyOf(start), input]]);
  // Depth first without recursion: a hostile file may be deeper than the stack.
  const open: Source[] = [end];
  const waiting = new Set<string>();
  for (let next = open.at(-1); next; next = open.at(-1)) {
    const key = keyOf(next);
    const { layer, call } = calls.find(next);
    const missing = tensorsOf(call).filter((s) => !done.has(keyOf(s)));
    if (done.has(key)) open.pop();
    else if (missing.length > 0) {
      if (waiting.has(key))
        throw damaged(`The layer "${layer.name}" reads what depends on it.`);
      waiting.add(key);
      for (const source of missing.reverse()) open.push(source);
    } else {
      const ready = mapCall(call, (s) => done.get(keyOf(s)) ?? networkInput);
      done.set(key, planLayer(layer, ready, [...path, layer.name], steps));
      open.pop();
    }
  }
  return done.get(keyOf(end)) ?? input;
}

function planLayer(
  layer: Layer,
  call: Call<number>,
  path: readonly string[],
  steps: Step[],
): number {
  const name = path.join("/");
  if (layer.model) {
    const inputs = tensorsOf(call);
    const [only] = inputs;
    if (only === undefined || inputs.length > 1)
      throw damaged(`The model "${name}" has ${inputs.length} inputs.`);
    return planModel(layer.model, only, path, steps);
  }
  if (layer.className === "InputLayer")
    throw damaged(`The input "${name}" is none of the model's inputs.`);
  if (steps.length >= mostSteps)
    throw damaged(`The network takes more than ${mostSteps} steps.`);
  return steps.push({ layer, path, call }) - 1;
}

function keyOf({ layer, call }: Source): string {
  return `${call} ${layer}`;
}

function damaged(message: string): Fault {
  return new Fault("damaged-file", message, "Export the network again.");
}

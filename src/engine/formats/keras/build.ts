/** From a topology and its weights to nodes. */
import { Fault } from "../../../shared/fault";
import type { Weight } from "../../network/op";
import type { Assembler } from "../assembler";
import { byName, mapCall, tensorsOf } from "./arguments";
import { kindOf } from "./layers/index";
import { otherPlaces } from "./shared-layers";
import { networkInput, type Plan, type Step } from "./plan";
import type { Layer, Topology } from "./topology";
import type { WeightSource } from "./weights";

export interface BuildOptions {
  readonly topology: Topology;
  /** The node that stands for the network's input. */
  readonly input: string;
  readonly version: 2 | 3;
  readonly signal: AbortSignal;
  /** Layers done, and to do. */
  readonly progress: (done: number, total: number) => void;
}

/** What was built, and what of it prepares pixels by numbers of its own. */
export interface Built {
  /** The nodes that hold the network's outputs, in the plan's order. */
  readonly outputs: readonly string[];
  readonly preparing: ReadonlySet<string>;
}

/** Adds the nodes of all steps, whose weights are read one layer after the other. */
export async function buildNodes(
  { steps, outputs }: Plan,
  assembler: Assembler,
  source: WeightSource,
  { topology, input, version, signal, progress }: BuildOptions,
): Promise<Built> {
  const nodes: string[] = [];
  const nameOf = (step: number) =>
    step === networkInput ? input : (nodes[step] ?? input);
  const preparing = new Set<string>();
  const known = new Map<Layer, ReadonlyMap<string, Weight>>();
  for (const step of steps) {
    signal.throwIfAborted();
    const { layer, path } = step;
    const kind = kindOf(layer);
    if (!kind) throw damaged(`The layer "${layer.name}" cannot be done.`);
    const weights =
      known.get(layer) ?? (await weightsOf(step, source, topology));
    known.set(layer, weights);
    const given = mapCall(step.call, nameOf);
    const call = kind.parameters
      ? byName(given, Object.keys(kind.parameters), kind.names)
      : given;
    const own: string[] = [];
    const built = kind.build({
      name: path.join("/"),
      config: layer.config,
      version,
      inputs: tensorsOf(call),
      args: call.args,
      named: call.named,
      shapeOf: (node) => assembler.shapeOf(node),
      add(...node) {
        const name = assembler.add(...node);
        own.push(name);
        return name;
      },
      weight(name) {
        const found = weights.get(name);
        if (found) return found;
        throw damaged(`The weight "${path.join("/")}/${name}" is missing.`);
      },
    });
    if (kind.preparation) for (const name of own) preparing.add(name);
    nodes.push(built);
    progress(nodes.length, steps.length);
  }
  return { outputs: outputs.map(nameOf), preparing };
}

/** A layer's weights by the first of their names. */
async function weightsOf(
  step: Step,
  source: WeightSource,
  topology: Topology,
): Promise<ReadonlyMap<string, Weight>> {
  const wanted = kindOf(step.layer)?.weights?.(step.layer.config) ?? [];
  const weights = new Map<string, Weight>();
  if (wanted.length === 0) return weights;
  let found = await source.read(step, wanted);
  if (found.every((weight) => weight === null))
    for (const place of otherPlaces(topology, step)) {
      found = await source.read(place, wanted);
      if (found.some((weight) => weight !== null)) break;
    }
  wanted.forEach(([name = ""], i) => {
    const weight = found[i];
    if (weight) weights.set(name, weight);
  });
  return weights;
}

function damaged(message: string): Fault {
  return new Fault("damaged-file", message, "Export the network again.");
}

/** What the formats that hold Keras models share: from a topology and a source of weights to a Network. */
import { Fault } from "../../../shared/fault";
import type { Network } from "../../network/network";
import { Assembler } from "../assembler";
import { chooseOutput, unknownOutput } from "../choose-output";
import type { NetworkFiles, ReadOptions } from "../format";
import { fixedSizeOf, inputOf, type OpenShape } from "../input";
import { buildNodes } from "./build";
import { checkLayers, narrowTypes } from "./check";
import { addInput, imageInput } from "./image-input";
import { planSteps, type Plan } from "./plan";
import { tellPreprocessing } from "./preprocessing";
import type { Topology } from "./topology";
import type { WeightSource } from "./weights";

export interface KerasModel {
  /** The format, for people. */
  readonly format: string;
  readonly producer: string;
  readonly version: 2 | 3;
  readonly topology: Topology;
  readonly warnings?: readonly string[];
  /** Called once the topology is known to be one that can be done. */
  weights(): Promise<WeightSource>;
}

/**
 * Throws a Fault `damaged-file`, `unsupported-network`, or `invalid-request` for a size that does not fit, an output
 * that is not there and a shape the input cannot have.
 */
export async function readKeras(
  model: KerasModel,
  files: NetworkFiles,
  options: ReadOptions,
): Promise<Network> {
  const { topology, version } = model;
  const asked = options.output ?? null;
  const plan = planFor(topology, asked, version);
  const image = imageInput(topology, options.assume);
  const assembler = new Assembler(inputOf(image.shape, options));
  const source = await model.weights();
  const assemble = async () => {
    const { outputs, preparing } = await buildNodes(plan, assembler, source, {
      topology,
      input: addInput(assembler, image),
      version,
      signal: options.signal,
      progress: (done, total) => {
        options.progress("Reading layers", done, total);
      },
    });
    const choice = chooseOutput(
      outputs.map((node, order) => ({
        node,
        name: plan.names[order] ?? node,
        shape: assembler.shapeOf(node),
        depth: assembler.depthOf(node),
        order,
      })),
      asked,
    );
    const head = options.head ?? null;
    return {
      ...assembler.finish(choice.chosen.node, { head }),
      preparing,
      outputs: choice.outputs,
    };
  };
  const { stripped, head, preparing, outputs, ...graph } =
    await assemble().catch((error: unknown) => {
      throw sizedFault(error, image.shape, options);
    });
  return {
    ...graph,
    name: files.title,
    labels: [],
    preprocessing: null,
    provenance: {
      format: model.format,
      hash: files.hash(),
      producer: model.producer,
      stripped,
      warnings: [...(model.warnings ?? []), ...narrowWarnings(topology)],
    },
    told: {
      fixedSize: fixedSizeOf(image.shape),
      preprocessing: tellPreprocessing(graph, preparing, topology),
      assumptions: image.assumptions,
      outputs,
      head,
    },
  };
}

/**
 * The steps of all outputs, checked. Where some cannot be done and the output asked for can, those of that one alone.
 */
function planFor(
  topology: Topology,
  asked: string | null,
  version: 2 | 3,
): Plan & { readonly names: readonly string[] } {
  const names = topology.outputNames;
  const place = asked === null ? -1 : names.indexOf(asked);
  if (asked !== null && place < 0)
    throw unknownOutput(
      asked,
      names.map((name) => ({ name })),
    );
  // what cannot be done needs no weights
  const planned = (places?: readonly number[]) => {
    const plan = planSteps(topology, places);
    checkLayers(topology, plan.reached, version);
    return plan;
  };
  try {
    return { ...planned(), names };
  } catch (error) {
    if (place < 0 || names.length === 1) throw error;
    return { ...planned([place]), names: names.slice(place, place + 1) };
  }
}

/** Layers that the file computes in 16 bits. */
function narrowWarnings(topology: Topology): string[] {
  const types = [...narrowTypes(topology)];
  return types.length > 0
    ? [
        `The file says its layers are computed in ${types.join(" and ")}; here they are computed in float32.`,
      ]
    : [];
}

/** Where another size was asked for than the file has, it is to blame. */
function sizedFault(
  error: unknown,
  [height, width]: OpenShape,
  { size }: ReadOptions,
): unknown {
  if (!size || !(error instanceof Fault) || !height || !width) return error;
  if (size[0] === height && size[1] === width) return error;
  return new Fault(
    "invalid-request",
    `The network cannot take an input of ${size.join(" x ")} pixels. ${error.message}`,
    `It was made for ${height} x ${width}.`,
    { cause: error },
  );
}

/** Keras' major version, by what a file says it was written with: "2.15.0", "3.5.0", "tfjs-layers 4.22.0". */
export function versionOf(text: unknown): 2 | 3 {
  const major = typeof text === "string" ? /^(\d+)\./.exec(text)?.[1] : null;
  return Number(major) >= 3 ? 3 : 2;
}

/** What the formats that hold Keras models share: from a topology and a source of weights to a Network. */
import { Fault } from "../../../shared/fault";
import type { Network } from "../../network/network";
import { Assembler } from "../assembler";
import type { NetworkFiles, ReadOptions } from "../format";
import { fixedSizeOf, inputOf, type OpenShape } from "../input";
import { buildNodes } from "./build";
import { checkLayers, narrowTypes } from "./check";
import type { Config } from "./config";
import { planSteps } from "./plan";
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

/** Throws a Fault `damaged-file`, `unsupported-network`, or `invalid-request` for a size that does not fit. */
export async function readKeras(
  model: KerasModel,
  files: NetworkFiles,
  options: ReadOptions,
): Promise<Network> {
  const { topology, version } = model;
  // first what cannot be done at all: it needs no weights
  checkLayers(topology, version);
  const plan = planSteps(topology);
  const shape = shapeIn(topology);
  if (!shape)
    throw new Fault(
      "damaged-file",
      "The topology does not say what shape its input has.",
      "Export the network again.",
    );
  const assembler = new Assembler(inputOf(shape, options));
  const source = await model.weights();
  const assemble = async () => {
    const built = await buildNodes(plan, assembler, source, {
      topology,
      version,
      signal: options.signal,
      progress: (done, total) => {
        options.progress("Reading layers", done, total);
      },
    });
    return {
      ...assembler.finish(built.output, { head: options.head ?? null }),
      preparing: built.preparing,
    };
  };
  const { stripped, head, preparing, ...graph } = await assemble().catch(
    (error: unknown) => {
      throw sizedFault(error, shape, options);
    },
  );
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
      fixedSize: fixedSizeOf(shape),
      preprocessing: tellPreprocessing(graph, preparing, topology),
      head,
    },
  };
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

/** The input's shape in the topology, or that of the model its first layer is; open dimensions are null. */
function shapeIn(topology: Topology): OpenShape | null {
  const start = topology.layers.get(topology.inputs[0]?.layer ?? "");
  const own = start && batchShapeOf(start.config);
  if (own) return own;
  const inner = [...topology.layers.values()].find(({ model }) => model)?.model;
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

/** Keras' major version, by what a file says it was written with: "2.15.0", "3.5.0", "tfjs-layers 4.22.0". */
export function versionOf(text: unknown): 2 | 3 {
  const major = typeof text === "string" ? /^(\d+)\./.exec(text)?.[1] : null;
  return Number(major) >= 3 ? 3 : 2;
}

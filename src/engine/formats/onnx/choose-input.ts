/** The one input that is the image, and how its axes are to be read. */
import { Fault } from "../../../shared/fault";
import { spell } from "../../network/ops/check";
import { inputOf, fixedSizeOf, type OpenShape } from "../input";
import type { ReadOptions } from "../format";
import type { MapOrder } from "../lowering/index";
import type { Input } from "../assembler";
import type { FlatGraph } from "./graph";
import { readBy } from "./graph";
import type { GraphProto, TensorProto, ValueInfo } from "./model";
import type { OnnxNode } from "./node";

export interface ChosenInput {
  readonly name: string;
  readonly order: MapOrder;
  /** Whether the file's input has a batch axis in front. */
  readonly batched: boolean;
  /** What the file fixes the batch to; 1 where it is open. */
  readonly batch: number;
  readonly shape: Input;
  readonly fixedSize: readonly [number, number] | null;
  /** TensorProto.DataType. */
  readonly type: number;
}

type Dims = readonly (number | null)[];

/** Throws a Fault `unsupported-network` where no input, or more than one, or none that is an image, is used. */
export function chooseInput(
  graph: GraphProto,
  flat: FlatGraph,
  alive: readonly OnnxNode[],
  options: ReadOptions,
): ChosenInput {
  const info = usedInput(graph, flat, alive);
  const { type, dims } = typeOf(info);
  const known = usage(info.name, alive, flat.constants);
  const batched = dims.length === 4;
  if (dims.length !== 4 && dims.length !== 3)
    throw new Fault(
      "unsupported-network",
      `The input "${info.name}" has the shape ${spellOpen(dims)}.`,
      "Supported are images: [batch, channel, height, width] or [batch, height, width, channel].",
    );
  const [first, ...rest] = dims;
  const image = batched ? rest : dims;
  const order = known?.order ?? likelyOrder(image);
  const channels = (order === "NCHW" ? image[0] : image[2]) ?? null;
  const size = order === "NCHW" ? image.slice(1) : image.slice(0, 2);
  const open: OpenShape = [
    size[0] ?? null,
    size[1] ?? null,
    channels ?? (known?.order === order ? known.channels : null),
  ];
  return {
    name: info.name,
    order,
    batched,
    batch: batched ? (first ?? 1) : 1,
    shape: inputOf(open, options),
    fixedSize: fixedSizeOf(open),
    type,
  };
}

function usedInput(
  graph: GraphProto,
  flat: FlatGraph,
  alive: readonly OnnxNode[],
): ValueInfo {
  const read = new Set(flat.outputs.slice(0, 1));
  for (const node of alive) for (const name of readBy(node)) read.add(name);
  const used = graph.input.filter(
    ({ name }) => read.has(name) && !flat.constants.has(name),
  );
  const [only, second] = used;
  if (!only)
    throw new Fault(
      "unsupported-network",
      "The network's output does not depend on any input.",
    );
  if (second)
    throw new Fault(
      "unsupported-network",
      `The network has ${used.length} inputs: ${used
        .slice(0, 20)
        .map(({ name }) => `"${name}"`)
        .join(", ")}.`,
      "Supported are networks of one image; export it with the other inputs fixed.",
    );
  return only;
}

/** Dimensions that are symbols or not given are null; a missing shape is taken for an image's. */
function typeOf({ type, name }: ValueInfo): { type: number; dims: Dims } {
  const tensor = type?.tensorType;
  if (type && !tensor)
    throw new Fault(
      "unsupported-network",
      `The input "${name}" is no tensor.`,
      "Supported are networks of one image.",
    );
  const dims = tensor?.shape?.dim.map(({ dimValue }) =>
    dimValue !== null && dimValue > 0 ? dimValue : null,
  );
  return {
    type: tensor?.elemType ?? 1,
    dims: dims ?? [null, null, null, null],
  };
}

function spellOpen(dims: Dims): string {
  return `[${dims.map((d) => d ?? "any").join(", ")}]`;
}

interface Usage {
  readonly order: MapOrder;
  /** Of the input, where the first convolution tells. */
  readonly channels: number | null;
}

/** Operations after which axes are still the same. */
const keeping = new Set([
  ...["Identity", "Cast", "CastLike", "Dropout", "Add", "Sub", "Mul", "Div"],
  ...["Neg", "Pow", "Relu", "Clip", "Pad", "Sqrt", "Abs", "Min", "Max"],
]);
/** Operations of ONNX that know maps as [batch, channel, height, width] only. */
const channelsFirst = new Set([
  ...["Conv", "ConvTranspose", "MaxPool", "AveragePool", "GlobalAveragePool"],
  ...["GlobalMaxPool", "BatchNormalization", "InstanceNormalization", "LRN"],
  ...["SpaceToDepth", "DepthToSpace", "GroupNormalization"],
]);

/** What the first operation that knows channels takes the input for; null where none tells. */
function usage(
  input: string,
  alive: readonly OnnxNode[],
  constants: ReadonlyMap<string, TensorProto>,
): Usage | null {
  /** Whether a value that is the input so far has been transposed. */
  const same = new Map<string, MapOrder>([[input, "NCHW"]]);
  for (const node of alive) {
    const source = node.inputs.find((name) => same.has(name));
    if (source === undefined) continue;
    const order = same.get(source) ?? "NCHW";
    const [output = ""] = node.outputs;
    if (keeping.has(node.op)) same.set(output, order);
    else if (node.op === "Transpose") {
      const perm = node.ints("perm")?.join() ?? "";
      if (perm === "0,3,1,2" || perm === "2,0,1") same.set(output, "NHWC");
      else if (perm === "0,2,3,1" || perm === "1,2,0")
        return { order: "NCHW", channels: null };
    } else if (channelsFirst.has(node.op))
      return { order, channels: channelsOf(node, constants) };
  }
  return null;
}

function channelsOf(
  node: OnnxNode,
  constants: ReadonlyMap<string, TensorProto>,
): number | null {
  if (node.op !== "Conv") return null;
  const kernel = constants.get(node.inputs[1] ?? "");
  const perGroup = kernel?.dims[1];
  return perGroup === undefined ? null : perGroup * node.int("group", 1);
}

/** By the number of channels images have. */
function likelyOrder(image: Dims): MapOrder {
  const usual = (d: number | null | undefined) => d === 1 || d === 3 || d === 4;
  const [first, , last] = image;
  return usual(last) && !usual(first) ? "NHWC" : "NCHW";
}

/** For a sentence: "224 x 224 pixels with 3 channels". */
export function spellInput([height, width, channels]: Input): string {
  return `${spell([height, width])} pixels of ${channels} channels`;
}

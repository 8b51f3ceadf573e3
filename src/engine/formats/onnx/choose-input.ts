/** The one input that is the image, and how its axes are read. */
import { Fault } from "../../../shared/fault";
import { inputOf, fixedSizeOf, type OpenShape } from "../input";
import type { ReadOptions } from "../format";
import type { Lowering, MapOrder, Value } from "../lowering/index";
import type { Input } from "../assembler";
import type { FlatGraph } from "./graph";
import { readBy } from "./graph";
import type { GraphProto, TensorProto, ValueInfo } from "./model";
import type { OnnxNode } from "./node";
import { inlineTensor, kindOf } from "./tensors";

export interface ChosenInput {
  readonly name: string;
  readonly order: MapOrder;
  readonly axes: Axes;
  /** What the file fixes the batch to; 1 where it is open. */
  readonly batch: number;
  readonly shape: Input;
  readonly fixedSize: readonly [number, number] | null;
  /** TensorProto.DataType. */
  readonly type: number;
}

type Dims = readonly (number | null)[];

/** What axes the file's input has: batch and image, an image alone, grey images without a channel axis, one of them. */
type Axes = "batch" | "image" | "grey" | "plane";

/**
 * How the axes of an input are to be read. `alive`: the nodes that work on it.
 * Throws a Fault `unsupported-network` where it is no image.
 */
export function chooseInput(
  info: ValueInfo,
  flat: FlatGraph,
  alive: readonly OnnxNode[],
  options: ReadOptions,
): ChosenInput {
  const { type, dims } = typeOf(info);
  const axes = axesOf(info.name, dims, alive, flat.constants);
  if (!axes)
    throw new Fault(
      "unsupported-network",
      `The input "${info.name}" has the shape ${spellOpen(dims)}.`,
      "Supported are images: [batch, channel, height, width] or [batch, height, width, channel].",
    );
  checkWhole(info.name, type, alive);
  const chosen = { name: info.name, axes, type };
  const [first = null, ...rest] = dims;
  if (axes === "grey" || axes === "plane") {
    const [height = null, width = null] = axes === "grey" ? rest : dims;
    const open: OpenShape = [height, width, 1];
    return {
      ...chosen,
      order: "NCHW",
      batch: axes === "grey" ? (first ?? 1) : 1,
      shape: inputOf(open, options),
      fixedSize: fixedSizeOf(open),
    };
  }
  const known = usage(info.name, alive, flat.constants);
  const image = axes === "batch" ? rest : dims;
  const order = known?.order ?? likelyOrder(image);
  const channels = (order === "NCHW" ? image[0] : image[2]) ?? null;
  const size = order === "NCHW" ? image.slice(1) : image.slice(0, 2);
  const open: OpenShape = [
    size[0] ?? null,
    size[1] ?? null,
    channels ?? (known?.order === order ? known.channels : null),
  ];
  return {
    ...chosen,
    order,
    batch: axes === "batch" ? (first ?? 1) : 1,
    shape: inputOf(open, options),
    fixedSize: fixedSizeOf(open),
  };
}

/** The image as the file's input has it. */
export function inputValue(
  { name, order, axes }: ChosenInput,
  lowering: Lowering,
): Value {
  const image = lowering.input(order);
  const { dims } = image;
  switch (axes) {
    case "batch":
      return image;
    case "image":
      return lowering.reshape(name, image, dims.slice(1));
    case "grey":
      return lowering.reshape(name, image, [1, ...dims.slice(2)]);
    case "plane":
      return lowering.reshape(name, image, dims.slice(2));
  }
}

/** The one input that a value depends on. Throws a Fault `unsupported-network` where it is none, or several. */
export function usedInput(
  graph: GraphProto,
  flat: FlatGraph,
  alive: readonly OnnxNode[],
  output: string,
): ValueInfo {
  const read = new Set([output]);
  for (const node of alive) for (const name of readBy(node)) read.add(name);
  const used = graph.input.filter(
    ({ name }) => read.has(name) && !flat.constants.has(name),
  );
  const [only, second] = used;
  if (!only)
    throw new Fault(
      "unsupported-network",
      `The output "${output}" does not depend on any input.`,
    );
  if (second) {
    const named = used.slice(0, 4).map(({ name }) => `"${name}"`);
    throw new Fault(
      "unsupported-network",
      `The network has ${used.length} inputs: ${named.join(", ")}${used.length > 4 ? ", ..." : ""}.`,
      "Supported are networks of one image; export it with the other inputs fixed.",
    );
  }
  return only;
}

/** At most so many times wider than high is an image without batch and channels; a row of values is no image. */
const flattest = 8;

/** Null: no image. */
function axesOf(
  input: string,
  dims: Dims,
  alive: readonly OnnxNode[],
  constants: ReadonlyMap<string, TensorProto>,
): Axes | null {
  const [first = null, second = null] = dims;
  switch (dims.length) {
    case 4:
      return "batch";
    case 3: {
      const added = addedAxis(input, alive, constants);
      if (added !== null) return added === 0 ? "image" : "grey";
      return first === null ? "grey" : "image";
    }
    case 2: {
      if (first === null || second === null) return null;
      const [low, high] = [Math.min(first, second), Math.max(first, second)];
      return low > 1 && high <= flattest * low ? "plane" : null;
    }
    default:
      return null;
  }
}

/** Where the first node to change the input's axes adds one to three of them; null where it does something else. */
function addedAxis(
  input: string,
  alive: readonly OnnxNode[],
  constants: ReadonlyMap<string, TensorProto>,
): number | null {
  let name = input;
  for (const node of alive) {
    if (node.inputs[0] !== name) continue;
    if (node.op === "Unsqueeze") {
      const listed = node.ints("axes") ?? numbersOf(constants, node.inputs[1]);
      const [axis, another] = listed ?? [];
      if (axis === undefined || another !== undefined) return null;
      return axis < 0 ? axis + 4 : axis;
    }
    if (!keeping.has(node.op)) return null;
    name = node.outputs[0] ?? "";
  }
  return null;
}

function numbersOf(
  constants: ReadonlyMap<string, TensorProto>,
  name: string | undefined,
): readonly number[] | null {
  const tensor = constants.get(name ?? "");
  const small = tensor && tensor.dims.every((d) => d <= 8);
  return small ? [...(inlineTensor(tensor)?.data ?? [])] : null;
}

/** Operations that give whole numbers the same values as real ones. */
const moving = new Set([
  ...["Identity", "Transpose", "Reshape", "Squeeze", "Unsqueeze", "Shape"],
  ...["Slice", "Concat", "Gather", "Flatten", "Cast", "CastLike", "Split"],
]);

/** Refuses arithmetic of whole numbers on an image of them: its quotients and overflows have no gradient. */
function checkWhole(
  input: string,
  type: number,
  alive: readonly OnnxNode[],
): void {
  const kind = kindOf(type);
  if (kind === "float") return;
  if (kind === null)
    throw new Fault(
      "unsupported-network",
      `The input "${input}" takes values of type ${type} of ONNX.`,
      "Supported are images of floats or whole numbers.",
    );
  const whole = new Set([input]);
  for (const node of alive) {
    if (!node.inputs.some((name) => whole.has(name))) continue;
    if (!moving.has(node.op))
      node.refuse(
        `it computes with the whole numbers of the input "${input}".`,
        "Export the network with an input of floats, or with a Cast first.",
      );
    if (/^(Cast|CastLike|Shape)$/.test(node.op)) continue;
    for (const name of node.outputs) whole.add(name);
  }
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

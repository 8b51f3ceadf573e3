/** The node through which an image comes in: a placeholder, or what decodes a file to pixels. */
import { Fault } from "../../../shared/fault";
import type { OpenShape } from "../input";
import type { Lowering, MapOrder, Value } from "../lowering/index";
import type { OpenDims } from "./attributes";
import { behind, isDecoder, type FlatNode } from "./flatten";

/** How a placeholder takes an image. */
export interface ImageInput {
  readonly node: FlatNode;
  /** [height, width, channel] */
  readonly shape: OpenShape;
  /** Whether the file leaves the size of the batch open. */
  readonly openBatch: boolean;
  /** Pixels are whole numbers: 0 to 255. */
  readonly bytes: boolean;
  value(lowering: Lowering): Value;
}

/** Shapes that a signature gives, by name of the placeholder. */
export type DeclaredShapes = ReadonlyMap<string, OpenDims>;

export function isPlaceholder({ op }: FlatNode): boolean {
  return op === "Placeholder";
}

/** A switch between training and inference, as older networks have it; it is taken as off. */
export function isSwitch(node: FlatNode): boolean {
  return isPlaceholder(node) && node.attributes.type("dtype") === "bool";
}

/** Whether a placeholder may take an image. */
export function mayBeImage(node: FlatNode, declared: DeclaredShapes): boolean {
  const type = node.attributes.type("dtype");
  const dims = dimsOf(node, declared);
  return (
    isPlaceholder(node) &&
    (type === "float" || type === "int") &&
    (dims === null || dims.length === 3 || dims.length === 4 || isPlane(dims))
  );
}

/** At most so many times wider than high is an image without batch and channels; a row of values is no image. */
const flattest = 8;

/** [height, width] */
function isPlane(dims: OpenDims): boolean {
  const [height, width, ...more] = dims ?? [];
  if (height == null || width == null || more.length > 0) return false;
  const [low, high] = [Math.min(height, width), Math.max(height, width)];
  return low > 1 && high <= flattest * low;
}

/** No dimensions: unknown, which old files write as a single number's shape. */
function dimsOf(node: FlatNode, declared: DeclaredShapes): OpenDims {
  const own = node.attributes.shape("shape");
  const dims = own ?? declared.get(node.name) ?? null;
  return dims && dims.length > 0 ? dims : (declared.get(node.name) ?? null);
}

/** Most colour channels an image is known by. */
const mostColours = 4;

/**
 * What the placeholder takes. `reached`: the nodes that work on it, for what the placeholder does not say.
 * Throws a Fault `unsupported-network` where it is no image.
 */
export function imageInput(
  node: FlatNode,
  declared: DeclaredShapes,
  reached: Iterable<FlatNode>,
  kernelDims: (node: FlatNode) => readonly number[] | null,
): ImageInput {
  if (isDecoder(node)) return decodedInput(node, reached, kernelDims);
  const dims = dimsOf(node, declared);
  const first = firstConvolution(reached, kernelDims);
  const bytes = node.attributes.type("dtype") === "int";
  const image = (
    shape: OpenShape,
    openBatch: boolean,
    value: ImageInput["value"],
  ): ImageInput => ({ node, shape, openBatch, bytes, value });
  if (dims === null || dims.length === 4) {
    const [batch = null, a = null, b = null, c = null] = dims ?? [];
    const order = orderOf(a, c, first?.order ?? "NHWC");
    const [height, width, channels] = order === "NHWC" ? [a, b, c] : [b, c, a];
    return image(
      [height, width, channels ?? first?.channels ?? null],
      batch === null,
      (lowering) => lowering.input(order),
    );
  }
  const [a = null, b = null, c = null] = dims;
  if (isPlane(dims))
    return image([a, b, 1], false, (lowering) => {
      const x = lowering.input("NHWC");
      return lowering.reshape(node.name, x, x.dims.slice(1, 3));
    });
  if (dims.length !== 3)
    throw new Fault(
      "unsupported-network",
      `The input "${node.name}" has the shape [${dims.map((d) => d ?? "any").join(", ")}].`,
      "Supported are images: [batch, height, width, channel], or [batch, channel, height, width].",
    );
  // an image without a batch, or grey images without a channel
  const alone = c !== null && c <= mostColours;
  const shape: OpenShape = alone ? [a, b, c] : [b, c, 1];
  return image(shape, !alone && a === null, (lowering) => {
    const x = lowering.input("NHWC");
    const flat = alone ? x.dims.slice(1) : x.dims.slice(0, 3);
    return lowering.reshape(node.name, x, flat);
  });
}

/** Pixels as a decoder gives them: one image, of any size unless the graph goes on to another. */
function decodedInput(
  node: FlatNode,
  reached: Iterable<FlatNode>,
  kernelDims: (node: FlatNode) => readonly number[] | null,
): ImageInput {
  const own = node.attributes.int("channels", 0);
  const channels =
    own > 0 ? own : (firstConvolution(reached, kernelDims)?.channels ?? 3);
  return {
    node,
    shape: [null, null, channels],
    openBatch: false,
    bytes: true,
    value(lowering) {
      const x = lowering.input("NHWC");
      return lowering.reshape(node.name, x, x.dims.slice(1));
    },
  };
}

/** Few channels give the order away; else the convolutions' word counts. */
function orderOf(
  second: number | null,
  last: number | null,
  fallback: MapOrder,
): MapOrder {
  if (last !== null && last <= mostColours) return "NHWC";
  if (second !== null && second <= mostColours) return "NCHW";
  return fallback;
}

interface First {
  readonly order: MapOrder;
  readonly channels: number | null;
}

function firstConvolution(
  reached: Iterable<FlatNode>,
  kernelDims: (node: FlatNode) => readonly number[] | null,
): First | null {
  for (const { op, attributes, inputs } of reached) {
    const kernel = inputs[1];
    if (!kernel || !/^(_Fused)?Conv2D$/.test(op)) continue;
    const format = attributes.string("data_format", "NHWC");
    return {
      order: format === "NCHW" ? "NCHW" : "NHWC",
      channels: kernelDims(behind(kernel).node)?.[2] ?? null,
    };
  }
  return null;
}

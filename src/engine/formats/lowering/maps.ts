/** Values as maps [height, width, channel], whatever the order of axes the file has. */
import { spell } from "../../network/ops/check";
import type { Padding, Pair } from "../../network/ops/window";
import { damaged, refuse } from "./checks";
import type { MapOrder, Value } from "./lowering";
import {
  asStored,
  makeView,
  sameOrder,
  sizeOf,
  type Factor,
  type View,
} from "./view";
import { dynamic, type Work } from "./work";

/**
 * A node that holds a map. Several maps an image, such as windows merged into the batch, are stored as one with
 * the channels of the first, then those of the second.
 */
export interface MapValue {
  readonly node: string;
  readonly size: Pair;
  /** Of the axis of the batch; none where there is one map. */
  readonly batch: readonly Factor[];
  /** The channels' factors in the order they are stored in, after the batch. */
  readonly channels: readonly Factor[];
  /** The channels' factors as the file orders them. */
  readonly logical: readonly Factor[];
}

export const places: Readonly<
  Record<MapOrder, readonly [number, number, number]>
> = {
  NCHW: [2, 3, 1],
  NHWC: [1, 2, 3],
};

/** The value as a map. Where `anyOrder`, channels stay in the order they are stored in. */
export function asMap(
  work: Work,
  name: string,
  value: Value,
  order: MapOrder,
  anyOrder: boolean,
): MapValue {
  const { dims } = value;
  if (dims.length !== 4)
    refuse(
      name,
      `its input has the shape ${spell(dims)}.`,
      "It works on maps: four dimensions, the batch counted.",
    );
  const x = dynamic(work, name, value);
  const [h, w, c] = places[order];
  const [batch = [], rows = [], columns = [], logical = []] = [0, h, w, c].map(
    (i) => x.axes[i],
  );
  const stored = asStored(x, logical);
  const wanted = [...rows, ...columns, ...batch, ...logical];
  const lazy = [...rows, ...columns, ...batch, ...stored];
  const target = anyOrder && sameOrder(x.order, lazy) ? lazy : wanted;
  const laid = work.arranging.ordered(name, x, target);
  const size: Pair = [dims[h] ?? 1, dims[w] ?? 1];
  const depth = sizeOf(batch) * (dims[c] ?? 1);
  const node = work.arranging.shaped(name, laid.node, [...size, depth]);
  return {
    node,
    size,
    batch,
    channels: target === lazy ? stored : logical,
    logical,
  };
}

/** The view of a node stored as [height, width, channel] that was made from a map; `keeps`: its channels, too. */
export function mapView(
  work: Work,
  node: string,
  order: MapOrder,
  { batch, channels, logical }: MapValue,
  keeps: boolean,
): View {
  const [height = 1, width = 1, depth = 1] = work.assembler.shapeOf(node);
  const factor = (size: number) => (size === 1 ? [] : [{ size }]);
  const [rows, columns] = [factor(height), factor(width)];
  const plain = factor(depth / sizeOf(batch));
  const own = keeps ? logical : plain;
  const axes =
    order === "NCHW"
      ? [batch, own, rows, columns]
      : [batch, rows, columns, own];
  const stored = keeps ? channels : plain;
  return makeView(node, [...rows, ...columns, ...batch, ...stored], axes);
}

/** Whole numbers from 0 on. */
export function checkedPadding(name: string, padding: Padding): Padding {
  if (typeof padding === "string") return padding;
  if (!padding.flat().every((n) => Number.isSafeInteger(n) && n >= 0))
    damaged(name, `its padding is ${JSON.stringify(padding)}.`);
  return padding;
}

/** Of an output: no image is larger. */
const largestSize = 16_384;

export function checkSize(name: string, size: Pair): void {
  if (!size.every((n) => Number.isSafeInteger(n) && n >= 1 && n <= largestSize))
    refuse(
      name,
      `its output has the size ${spell(size)}.`,
      `Supported are 1 to ${largestSize} pixels.`,
    );
}

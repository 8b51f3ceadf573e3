/** Values as maps [height, width, channel], whatever the order of axes the file has. */
import { spell } from "../../network/ops/check";
import type { Padding, Pair } from "../../network/ops/window";
import { damaged, refuse } from "./checks";
import type { MapOrder, Value } from "./lowering";
import { asStored, makeView, sameOrder, type Factor, type View } from "./view";
import { dynamic, type Work } from "./work";

/** A node that holds a map, and the channels' factors in the order they are stored in. */
export interface MapValue {
  readonly node: string;
  readonly size: Pair;
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
  if (dims.length !== 4 || dims[0] !== 1)
    refuse(
      name,
      `its input has the shape ${spell(dims)}.`,
      "It works on one map an image: rank 4 with a batch of one.",
    );
  const x = dynamic(work, name, value);
  const [h, w, c] = places[order];
  const [rows = [], columns = [], logical = []] = [h, w, c].map(
    (i) => x.axes[i],
  );
  const stored = asStored(x, logical);
  const wanted = [...rows, ...columns, ...logical];
  const lazy = [...rows, ...columns, ...stored];
  const target = anyOrder && sameOrder(x.order, lazy) ? lazy : wanted;
  const laid = work.arranging.ordered(name, x, target);
  const size: Pair = [dims[h] ?? 1, dims[w] ?? 1];
  const node = work.arranging.shaped(name, laid.node, [...size, dims[c] ?? 1]);
  return {
    node,
    size,
    channels: target === lazy ? stored : logical,
    logical,
  };
}

/** The view of a node stored as [height, width, channel]; the channels' factors may be given. */
export function mapView(
  work: Work,
  node: string,
  order: MapOrder,
  channels?: Pick<MapValue, "channels" | "logical">,
): View {
  const [height = 1, width = 1, depth = 1] = work.assembler.shapeOf(node);
  const factor = (size: number) => (size === 1 ? [] : [{ size }]);
  const [rows, columns] = [factor(height), factor(width)];
  const plain = factor(depth);
  const logical = channels?.logical ?? plain;
  const axes =
    order === "NCHW"
      ? [[], logical, rows, columns]
      : [[], rows, columns, logical];
  const stored = channels?.channels ?? plain;
  return makeView(node, [...rows, ...columns, ...stored], axes);
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

/** Parts of a value, as Python's x[1:, ::2, 0] picks them. */
import type { Shape } from "../../../network/op";
import * as ops from "../../../network/ops/index";
import { isObject } from "../../json";
import { damaged, only, refused, type LayerContext } from "./context";
import { operation, valueOf } from "./values";

export const getItem = operation({ key: "read" }, (context) => {
  const key = valueOf(context, "key");
  const list: unknown[] = Array.isArray(key) ? key : [key];
  const input = only(context);
  const rank = context.shapeOf(input).length + 1;
  const items: IndexItem[] = [];
  for (const [i, item] of list.entries()) {
    const rest = list.length - i - 1;
    if (isObject(item) && item["class_name"] === "__ellipsis__")
      while (items.length + rest < rank) items.push(null);
    else items.push(itemOf(context, item));
  }
  return addIndex(context, input, items);
});

function itemOf(context: LayerContext, item: unknown): IndexItem {
  if (typeof item === "number" && Number.isSafeInteger(item)) return item;
  const keys = ["start", "stop", "step"];
  if (isObject(item) && Object.keys(item).every((key) => keys.includes(key))) {
    const [start, stop, step] = keys.map((key) => item[key] ?? null);
    if (isPlace(start) && isPlace(stop) && isPlace(step))
      return { start, stop, step };
  }
  throw refused(
    context,
    `picks ${JSON.stringify(item)?.slice(0, 100)}`,
    "Supported are places, and ranges with a start, an end and a step.",
  );
}

function isPlace(value: unknown): value is number | null {
  return value === null || Number.isSafeInteger(value);
}

/** The part of a shape that an index leaves: what Python's x[1:, ::2, 0] does. Items are for each axis, the batch first. */
function addIndex(
  context: LayerContext,
  input: string,
  items: readonly IndexItem[],
): string {
  const shape = context.shapeOf(input);
  const [images, ...own] = items;
  if (images && !isWhole(images))
    throw refused(
      context,
      "picks some of the images",
      "Supported are parts of each image.",
    );
  if (own.length > shape.length)
    throw damaged(`The layer "${context.name}" picks along too many axes.`);
  const parts = shape.map((length, i) => partOf(own[i] ?? null, length));
  const kept: Shape = parts.filter((p) => !p.isSingle).map((p) => p.size);
  if (parts.some(({ size }) => size < 1))
    throw damaged(`The layer "${context.name}" picks nothing.`);
  const isSame = kept.length === shape.length;
  const sliced = context.add(
    ops.slice,
    isSame ? context.name : `${context.name}/part`,
    [input],
    {
      begin: parts.map((p) => p.begin),
      size: parts.map((p) => p.size),
      strides: parts.map((p) => p.stride),
    },
  );
  if (isSame) return sliced;
  return context.add(ops.reshape, context.name, [sliced], {
    shape: kept.length > 0 ? kept : [1],
  });
}

/** One place, or from where to where in what steps; null: all. */
type IndexItem =
  | number
  | null
  | {
      readonly start: number | null;
      readonly stop: number | null;
      readonly step: number | null;
    };

function isWhole(item: IndexItem): boolean {
  return (
    item === null ||
    (typeof item === "object" &&
      (item.start ?? 0) === 0 &&
      item.stop === null &&
      (item.step ?? 1) === 1)
  );
}

/** By Python's rules. */
function partOf(item: IndexItem, length: number) {
  if (typeof item === "number") {
    const begin = item < 0 ? item + length : item;
    const isInside = begin >= 0 && begin < length;
    return { begin, size: isInside ? 1 : 0, stride: 1, isSingle: true };
  }
  const stride = item?.step ?? 1;
  const low = stride < 0 ? -1 : 0;
  const within = (place: number) =>
    Math.min(Math.max(place < 0 ? place + length : place, low), length + low);
  const { start = null, stop = null } = item ?? {};
  const begin = start === null ? (stride < 0 ? length - 1 : 0) : within(start);
  const end = stop === null ? (stride < 0 ? -1 : length) : within(stop);
  const size =
    stride === 0 ? 0 : Math.max(0, Math.ceil((end - begin) / stride));
  return { begin, size, stride, isSingle: false };
}

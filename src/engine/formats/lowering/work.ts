/** What every part of the lowering works with, and constants on their way into nodes. */
import { inputName } from "../../network/network";
import type { Shape, Weight } from "../../network/op";
import { count, spell } from "../../network/ops/check";
import * as ops from "../../network/ops/index";
import type { Assembler } from "../assembler";
import type { Arranging } from "./arranging";
import { damaged, toRank } from "./checks";
import { dataOf, type Folding } from "./folding";
import type { Constant, Dynamic, Value } from "./lowering";
import { placesOf, readStrided, type Numbers } from "./strided";
import { plainView, sizeOf, type Factor, type View } from "./view";

export interface Work {
  readonly assembler: Assembler;
  readonly arranging: Arranging;
  readonly folding: Folding;
}

export function isConstant(value: Value): value is Constant {
  return value.kind === "constant";
}

/** The view behind a dynamic value; only the lowering makes them. */
export function viewOf(value: Dynamic): View {
  if (!isView(value))
    throw new TypeError("a dynamic value that the lowering did not make");
  return value;
}

function isView(value: Dynamic): value is View {
  return "order" in value && "axes" in value && "node" in value;
}

/** Any value as a node's; a constant becomes a node of its own. */
export function dynamic(work: Work, name: string, value: Value): View {
  if (!isConstant(value)) return viewOf(value);
  const shape = value.dims.filter((d) => d !== 1);
  const node = constantNode(
    work,
    name,
    shape.length > 0 ? shape : [1],
    dataOf(name, value),
  );
  const plain = plainView(node, shape);
  let next = 0;
  const axes = value.dims.map((d) =>
    d === 1 ? [] : (plain.axes[next++] ?? []),
  );
  return { ...plain, dims: value.dims, axes };
}

/** A node whose value is the same for every image. */
export function constantNode(
  { assembler }: Work,
  name: string,
  shape: Shape,
  data: Numbers,
): string {
  return assembler.add(
    ops.constant,
    `${name}/constant`,
    [inputName],
    {},
    {
      value: weight(name, shape, data),
    },
  );
}

/** Values as a node keeps them: float32, all finite. */
export function weight(name: string, shape: Shape, data: Numbers): Weight {
  if (data.length !== count(shape) || data.length === 0)
    damaged(name, `a weight of ${spell(shape)} holds ${data.length} values.`);
  const floats = data instanceof Float32Array ? data : Float32Array.from(data);
  for (let i = 0; i < floats.length; i++)
    if (!Number.isFinite(floats[i]))
      damaged(name, "a weight holds a value that is no finite number.");
  return { shape, data: floats };
}

/** A weight as the format gave it, read once and checked. */
export function checked(name: string, { shape, data }: Weight): Weight {
  return weight(name, shape, data);
}

/** Where a constant's values lie along every factor of the axes it is broadcast to; 0 along those it is repeated on. */
export function stridesAlong(
  constant: Shape,
  axes: readonly (readonly Factor[])[],
): Map<Factor, number> {
  const dims = toRank(constant, axes.length);
  const places = placesOf(dims);
  const strides = new Map<Factor, number>();
  axes.forEach((axis, i) => {
    let inner = dims[i] === 1 ? 0 : (places[i] ?? 0);
    for (const factor of axis.toReversed()) {
      strides.set(factor, inner);
      inner *= factor.size;
    }
  });
  return strides;
}

/** A constant's values in the order of some factors; along all others it has to be the same. */
export function readAlong(
  name: string,
  constant: Constant,
  axes: readonly (readonly Factor[])[],
  factors: readonly Factor[],
): Numbers {
  const strides = stridesAlong(constant.dims, axes);
  return rearranged(
    dataOf(name, constant),
    factors.map((factor) => factor.size),
    factors.map((factor) => strides.get(factor) ?? 0),
  );
}

/** Values at these strides, row-major; the same array where that is how they lie. */
export function rearranged(
  data: Numbers,
  sizes: readonly number[],
  strides: readonly number[],
): Numbers {
  const places = placesOf(sizes);
  const same =
    count(sizes) === data.length &&
    sizes.every((size, i) => size === 1 || strides[i] === places[i]);
  if (same) return data;
  return readStrided(new Float32Array(count(sizes)), data, 0, sizes, strides);
}

/** The strides of an axis' factors, given its own: outermost first. */
export function factorStrides(
  factors: readonly Factor[],
  stride: number,
): number[] {
  return factors.map((_, i) => stride * sizeOf(factors.slice(i + 1)));
}

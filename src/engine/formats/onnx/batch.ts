/**
 * Files that fix a batch of several images are read for one: what they write for the batch is cut down to its first
 * image. Each rule holds only where the file's numbers show it; else an operation does not fit, and the file is refused.
 */
import { count } from "../../network/ops/check";
import type { Constant, Value } from "../lowering/index";
import type { Call } from "./call";

/**
 * A shape for `x`: the first dimension that differs from the value's own holds the batch, as values come image by
 * image there, else the first of all.
 */
export function shapeForOne(
  call: Call,
  x: Value,
  target: readonly number[],
): readonly number[] {
  const { batch } = call.around;
  if (batch === 1 || x.kind === "constant") return target;
  const isWhole = !target.includes(-1);
  if (isWhole && target.reduce((p, d) => p * d, 1) === count(x.dims))
    return target;
  const differs = target.findIndex((d, i) => d !== (x.dims[i] ?? 0));
  const holds = (place: number) => {
    const size = target[place] ?? 0;
    return size >= batch && size % batch === 0;
  };
  const place = [differs, ...(isWhole ? [0] : [])].find(holds);
  if (place === undefined) return target;
  return target.with(place, (target[place] ?? 0) / batch);
}

/** The size `x` is repeated to along its first axis. */
export function expandedForOne(call: Call, own: number, asked: number): number {
  const { batch } = call.around;
  return batch > 1 && asked === own * batch ? own : asked;
}

/** Constants that repeat for every image what they hold for the first, beside a value that depends on the image. */
export function valuesForOne(
  call: Call,
  values: readonly Value[],
): readonly Value[] {
  const { batch } = call.around;
  if (batch === 1 || values.every((v) => v.kind === "constant")) return values;
  return values.map((value) => {
    if (value.kind === "dynamic" || value.dims[0] !== batch) return value;
    const each = value.data.length / batch;
    const first = value.data.subarray(0, each);
    for (let i = each; i < value.data.length; i++)
      if (value.data[i] !== first[i % each]) return value;
    return firstOf(call, value, 1);
  });
}

/** Indices into what was flattened over the batch: those of the first image, where the others are the same further on. */
export function indicesForOne(
  call: Call,
  x: Value,
  indices: Constant,
  length: number,
): Constant {
  const { batch } = call.around;
  const [rows = 0] = indices.dims;
  if (batch === 1 || x.kind === "constant") return indices;
  if (rows < batch || rows % batch !== 0) return indices;
  const { data } = indices;
  const each = data.length / batch;
  for (let i = 0; i < data.length; i++) {
    const image = Math.floor(i / each);
    if ((data[i] ?? 0) !== (data[i % each] ?? 0) + image * length)
      return indices;
  }
  return firstOf(call, indices, rows / batch);
}

/** The first rows of a constant. */
function firstOf(call: Call, value: Constant, rows: number): Constant {
  const size = [rows, ...value.dims.slice(1)];
  const begin = size.map(() => 0);
  const ones = size.map(() => 1);
  return call.folding.slice(call.name, value, begin, size, ones);
}

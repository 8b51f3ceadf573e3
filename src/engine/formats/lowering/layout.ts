/** Operations that move values and compute nothing; most of them only change the view. */
import type { Shape } from "../../network/op";
import { count, spell } from "../../network/ops/check";
import * as ops from "../../network/ops/index";
import type { Pair } from "../../network/ops/window";
import { align } from "./align";
import {
  broadcast,
  checkDims,
  checkRank,
  damaged,
  refuse,
  wholeAxis,
} from "./checks";
import { dataOf } from "./folding";
import type { Constant, Value } from "./lowering";
import {
  makeView,
  permuted,
  reshaped,
  sizeOf,
  type Factor,
  type View,
} from "./view";
import { isConstant, viewOf, type Work } from "./work";

export function reshape(
  work: Work,
  name: string,
  x: Value,
  dims: Shape,
): Value {
  checkDims(name, dims, isConstant(x) ? 0 : 1);
  if (count(dims) !== count(x.dims))
    damaged(name, `${spell(x.dims)} cannot be laid out as ${spell(dims)}.`);
  if (isConstant(x)) return work.folding.reshape(x, dims);
  const view = viewOf(x);
  const direct = reshaped(view, dims);
  if (direct) return direct;
  const laid = work.arranging.ordered(name, view, view.axes.flat());
  const whole = makeView(laid.node, laid.order, [laid.axes.flat()]);
  const result = reshaped(whole, dims);
  if (!result) throw new RangeError("one factor can be cut for any dimensions");
  return result;
}

export function transpose(
  work: Work,
  name: string,
  x: Value,
  order: readonly number[],
): Value {
  const rank = x.dims.length;
  const axes = order.map((axis) => wholeAxis(name, axis, rank));
  if (axes.length !== rank || new Set(axes).size !== rank)
    damaged(name, `${spell(order)} is no order of ${rank} axes.`);
  return isConstant(x)
    ? work.folding.transpose(name, x, axes)
    : permuted(viewOf(x), axes);
}

/** What is taken along a stored dimension. */
interface Range {
  readonly begin: number;
  readonly size: number;
  readonly stride: number;
}

export function slice(
  work: Work,
  name: string,
  x: Value,
  begin: readonly number[],
  size: readonly number[],
  strides: readonly number[],
): Value {
  for (const list of [begin, size, strides])
    checkRank(name, "a part", list, x.dims);
  checkDims(name, size, isConstant(x) ? 0 : 1);
  x.dims.forEach((dim, i) => {
    const [from = 0, length = 1, stride = 1] = [begin[i], size[i], strides[i]];
    if (length === 0) return;
    const last = from + (length - 1) * stride;
    const inside = [from, last].every(
      (p) => Number.isSafeInteger(p) && p >= 0 && p < dim,
    );
    if (!inside || stride === 0)
      damaged(
        name,
        `${length} values from ${from} on in steps of ${stride} are not within an axis of ${dim}.`,
      );
  });
  if (isConstant(x)) return work.folding.slice(name, x, begin, size, strides);
  let view = viewOf(x);
  let ranges = new Map<Factor, Range>();
  for (let axis = 0; axis < x.dims.length; axis++) {
    const range = {
      begin: begin[axis] ?? 0,
      size: size[axis] ?? 1,
      stride: strides[axis] ?? 1,
    };
    let own = partsOf(view.axes[axis] ?? [], range);
    if (!own) {
      // a part that goes across factors: the axis has to lie in one piece, and so do those looked at before
      const laid = work.arranging.contiguous(name, view, axis);
      if (laid !== view) {
        view = laid;
        ranges = new Map();
        axis = -1;
        continue;
      }
      const [factor] = view.axes[axis] ?? [];
      own = factor ? new Map([[factor, range]]) : new Map();
    }
    for (const [factor, part] of own) ranges.set(factor, part);
  }
  return cut(work, name, view, ranges);
}

/** A part of an axis as parts of its factors; null where it is none. Whole factors are left out. */
function partsOf(
  axis: readonly Factor[],
  { begin, size, stride }: Range,
): Map<Factor, Range> | null {
  const parts = new Map<Factor, Range>();
  if (begin === 0 && size === sizeOf(axis) && stride === 1) return parts;
  const length = size;
  let from = begin;
  for (const [i, factor] of axis.entries()) {
    const inner = sizeOf(axis.slice(i + 1));
    const first = Math.floor(from / inner);
    if (inner === 1) {
      parts.set(factor, {
        begin: from,
        size: length,
        stride: length === 1 ? 1 : stride,
      });
      return parts;
    }
    if (length > 1 && stride !== 1) return null;
    if (from % inner === 0 && length % inner === 0) {
      parts.set(factor, { begin: first, size: length / inner, stride: 1 });
      return parts;
    }
    if (Math.floor((from + length - 1) / inner) !== first) return null;
    parts.set(factor, { begin: first, size: 1, stride: 1 });
    from -= first * inner;
    if (from === 0 && length === inner) return parts;
  }
  return parts;
}

/** The view with only a part of some of its factors. */
function cut(
  work: Work,
  name: string,
  view: View,
  ranges: ReadonlyMap<Factor, Range>,
): View {
  const isWhole = (factor: Factor) => {
    const range = ranges.get(factor);
    return !range || (range.size === factor.size && range.stride === 1);
  };
  if (view.order.every(isWhole)) return view;
  const laid = work.arranging.grouped(
    name,
    view,
    (factor) => (isWhole(factor) ? null : factor),
    (kind) => kind !== null,
  );
  const rangeOf = (group: readonly Factor[], dim: number): Range => {
    const [only] = group;
    const range = group.length === 1 && only ? ranges.get(only) : undefined;
    return range ?? { begin: 0, size: dim, stride: 1 };
  };
  const taken = laid.groups.map((group, i) =>
    rangeOf(group, laid.shape[i] ?? 1),
  );
  const node = work.assembler.add(ops.slice, name, [laid.node], {
    begin: taken.map((range) => range.begin),
    size: taken.map((range) => range.size),
    strides: taken.map((range) => range.stride),
  });
  return resized(node, laid, (factor) => ranges.get(factor)?.size);
}

/** The view of a node after some factors changed their size. */
function resized(
  node: string,
  laid: {
    readonly groups: readonly (readonly Factor[])[];
    readonly axes: readonly (readonly Factor[])[];
  },
  sizeNow: (factor: Factor) => number | undefined,
): View {
  const now = new Map(
    laid.groups.flat().map((factor): [Factor, Factor[]] => {
      const size = sizeNow(factor) ?? factor.size;
      if (size === factor.size) return [factor, [factor]];
      return [factor, size === 1 ? [] : [{ size }]];
    }),
  );
  const each = (factors: readonly Factor[]) =>
    factors.flatMap((factor) => now.get(factor) ?? []);
  return makeView(node, each(laid.groups.flat()), laid.axes.map(each));
}

export function split(
  work: Work,
  name: string,
  x: Value,
  sizes: readonly number[],
  axis: number,
): Value[] {
  const along = wholeAxis(name, axis, x.dims.length);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total !== x.dims[along])
    damaged(
      name,
      `parts of ${spell(sizes)} are not the ${x.dims[along] ?? 0} values of axis ${along}.`,
    );
  let start = 0;
  return sizes.map((length, i) => {
    const begin = x.dims.map((_, j) => (j === along ? start : 0));
    const size = x.dims.map((d, j) => (j === along ? length : d));
    start += length;
    const part = sizes.length === 1 ? name : `${name}/${i}`;
    return slice(
      work,
      part,
      x,
      begin,
      size,
      x.dims.map(() => 1),
    );
  });
}

export function concat(
  work: Work,
  name: string,
  values: readonly Value[],
  axis: number,
): Value {
  // an empty constant adds nothing, whatever its rank
  const filled = values.filter((x) => count(x.dims) > 0);
  const [first] = filled.length > 0 ? filled : values;
  if (!first) damaged(name, "it has no input.");
  const along = wholeAxis(name, axis, first.dims.length);
  const rest = (dims: Shape) => dims.filter((_, i) => i !== along).join();
  for (const { dims } of filled)
    if (dims.length !== first.dims.length || rest(dims) !== rest(first.dims))
      damaged(
        name,
        `its inputs ${spell(first.dims)} and ${spell(dims)} differ in more than axis ${along}.`,
      );
  const constants = filled.filter(isConstant);
  if (filled.length <= 1) return first;
  if (constants.length === filled.length)
    return work.folding.concat(name, constants, along);
  const total = filled.reduce((sum, { dims }) => sum + (dims[along] ?? 0), 0);
  const dims = first.dims.map((d, i) => (i === along ? total : d));
  const laid = align(
    work,
    name,
    filled.map((x) => (isConstant(x) ? x : viewOf(x))),
    dims,
    along,
  );
  const node = work.assembler.add(ops.concat, name, laid.nodes, {
    axis: laid.along,
  });
  return makeView(node, laid.order, laid.axes);
}

export function gather(
  work: Work,
  name: string,
  x: Value,
  indices: Constant,
  axis: number,
): Value {
  const along = wholeAxis(name, axis, x.dims.length);
  const size = x.dims[along] ?? 1;
  const list = [...dataOf(name, indices)].map((i) => (i < 0 ? i + size : i));
  if (!list.every((i) => Number.isInteger(i) && i >= 0 && i < size))
    damaged(name, `an index lies outside of an axis of ${size}.`);
  if (isConstant(x))
    return work.folding.gather(name, x, list, indices.dims, along);
  if (list.length === 0) damaged(name, "it picks nothing.");
  const dims = x.dims.toSpliced(along, 1, ...indices.dims);
  checkDims(name, dims);
  const [first = 0, second] = list;
  const stride = second === undefined ? 1 : second - first;
  const even = list.every((index, i) => index === first + i * stride);
  if (even && stride !== 0) {
    const begin = x.dims.map((_, i) => (i === along ? first : 0));
    const taken = x.dims.map((d, i) => (i === along ? list.length : d));
    const steps = x.dims.map((_, i) => (i === along ? stride : 1));
    return reshape(work, name, slice(work, name, x, begin, taken, steps), dims);
  }
  const picked = pick(work, name, viewOf(x), along, list);
  return reshape(work, name, picked, dims);
}

/** Values along an axis by their places, in any order and any number. */
function pick(
  work: Work,
  name: string,
  x: View,
  along: number,
  indices: readonly number[],
): View {
  const { assembler, arranging } = work;
  const view = arranging.contiguous(name, x, along);
  const [factor] = view.axes[along] ?? [];
  if (!factor) {
    // an axis of one value, repeated: it becomes the first dimension
    const size = indices.length;
    const shape = [1, ...assembler.shapeOf(view.node)];
    const from = arranging.shaped(name, view.node, shape);
    const node = assembler.add(ops.gather, name, [from], {
      axis: 0,
      indices,
    });
    const own: Factor[] = size === 1 ? [] : [{ size }];
    const axes = view.axes.map((axis, i) => (i === along ? own : axis));
    return makeView(node, [...own, ...view.order], axes);
  }
  const laid = arranging.grouped(
    name,
    view,
    (f) => (f === factor ? f : null),
    (kind) => kind !== null,
  );
  const axis = laid.groups.findIndex((group) => group.includes(factor));
  const node = assembler.add(ops.gather, name, [laid.node], {
    axis,
    indices,
  });
  return resized(node, laid, (f) =>
    f === factor ? indices.length : undefined,
  );
}

export function expand(work: Work, name: string, x: Value, dims: Shape): Value {
  checkDims(name, dims, isConstant(x) ? 0 : 1);
  const whole = broadcast(name, [x.dims, dims]);
  if (isConstant(x)) return work.folding.expand(name, x, whole);
  const view = viewOf(x);
  const missing = whole.length - view.dims.length;
  const own = [...new Array<Factor[]>(missing).fill([]), ...view.axes];
  const repeated = whole.flatMap((d, i) =>
    d > 1 && own[i]?.length === 0 ? [i] : [],
  );
  if (repeated.length === 0) return makeView(view.node, view.order, own);
  // all repetitions at once, as one axis in front
  const sizes = repeated.map((i) => whole[i] ?? 1);
  const front = makeView(view.node, view.order, [[], ...own]);
  const times = count(sizes);
  checkGrowth(name, times);
  const picked = pick(work, name, front, 0, new Array<number>(times).fill(0));
  const [all, ...axes] = picked.axes;
  const [factor] = all ?? [];
  const parts = sizes.map((size) => ({ size }));
  const order = picked.order.flatMap((f) => (f === factor ? parts : [f]));
  return makeView(
    picked.node,
    order,
    axes.map((axis, i) => {
      const at = repeated.indexOf(i);
      const part = parts[at];
      return part ? [part] : axis;
    }),
  );
}

/** Of a list of indices. */
const mostRepeats = 2 ** 24;

function checkGrowth(name: string, times: number): void {
  if (!(times <= mostRepeats))
    refuse(
      name,
      `it repeats its input ${times} times.`,
      `Supported are up to ${mostRepeats} times.`,
    );
}

export type PadMode = "constant" | "reflect" | "edge";

export function pad(
  work: Work,
  name: string,
  x: Value,
  amounts: readonly Pair[],
  mode: PadMode,
  value: number,
): Value {
  checkRank(name, "a padding", amounts, x.dims);
  if (!amounts.flat().every(Number.isSafeInteger))
    damaged(name, `its padding is ${JSON.stringify(amounts)}.`);
  // negative amounts cut off
  const begin = amounts.map(([before]) => Math.max(0, -before));
  const kept = x.dims.map(
    (d, i) => d - (begin[i] ?? 0) - Math.max(0, -(amounts[i]?.[1] ?? 0)),
  );
  if (!kept.every((d) => d >= 1) && !isConstant(x))
    damaged(name, "its padding cuts everything off.");
  const inner = slice(
    work,
    `${name}/cut`,
    x,
    begin,
    kept,
    x.dims.map(() => 1),
  );
  const pads = amounts.map(([before, after]): Pair => [
    Math.max(0, before),
    Math.max(0, after),
  ]);
  const dims = kept.map(
    (d, i) => d + (pads[i]?.[0] ?? 0) + (pads[i]?.[1] ?? 0),
  );
  checkDims(name, dims, isConstant(x) ? 0 : 1);
  if (isConstant(inner)) {
    const sources = pads.map((pair, i) =>
      sourcesOf(name, kept[i] ?? 0, pair, mode),
    );
    return work.folding.pad(name, inner, sources, value);
  }
  return padView(work, name, viewOf(inner), pads, mode, value);
}

/** Where the values along a padded axis come from; -1: from nowhere. */
function sourcesOf(
  name: string,
  size: number,
  [before, after]: Pair,
  mode: PadMode,
): number[] {
  const length = size + before + after;
  checkGrowth(name, length);
  return Array.from({ length }, (_, i) => {
    const place = i - before;
    if (place >= 0 && place < size) return place;
    if (mode === "constant") return -1;
    if (mode === "edge") return place < 0 ? 0 : size - 1;
    const mirrored = place < 0 ? -place : 2 * (size - 1) - place;
    if (mirrored < 0 || mirrored >= size)
      damaged(name, `it reflects more than the ${size} values of an axis.`);
    return mirrored;
  });
}

function padView(
  work: Work,
  name: string,
  x: View,
  pads: readonly Pair[],
  mode: PadMode,
  value: number,
): View {
  const { assembler, arranging } = work;
  const padded = pads.flatMap(([before, after], i) =>
    before + after > 0 ? [i] : [],
  );
  if (padded.length === 0) return x;
  if (mode !== "constant")
    return padded.reduce((view, axis) => {
      const pair = pads[axis] ?? [0, 0];
      const places = sourcesOf(name, view.dims[axis] ?? 1, pair, mode);
      return pick(work, name, view, axis, places);
    }, x);
  const view = padded.reduce(
    (laid, axis) => arranging.contiguous(name, laid, axis),
    x,
  );
  const whole = new Map<Factor, number>();
  for (const axis of padded) {
    const [factor] = view.axes[axis] ?? [];
    if (factor) whole.set(factor, axis);
  }
  const laid = arranging.grouped(
    name,
    view,
    (factor) => whole.get(factor) ?? null,
    (kind) => kind !== null,
  );
  // axes of one value have no dimension yet: they come first
  const single = padded.filter((axis) => view.axes[axis]?.length === 0);
  const shape = [...single.map(() => 1), ...laid.shape];
  const amounts = [
    ...single.map((axis): Pair => pads[axis] ?? [0, 0]),
    ...laid.groups.map(([factor]): Pair => {
      const axis = factor && whole.get(factor);
      return (axis !== undefined && pads[axis]) || [0, 0];
    }),
  ];
  const from = arranging.shaped(name, laid.node, shape);
  const [rows, columns, channels] = amounts;
  const isMap =
    shape.length === 3 && rows && columns && channels?.every((n) => n === 0);
  const node =
    isMap && value === 0
      ? assembler.add(ops.zeroPad, name, [from], { padding: [rows, columns] })
      : assembler.add(ops.pad, name, [from], { amounts, mode, value });
  const grown = new Map<number, Factor>();
  for (const axis of padded) {
    const [before, after] = pads[axis] ?? [0, 0];
    grown.set(axis, { size: (view.dims[axis] ?? 1) + before + after });
  }
  const now = (factor: Factor) => {
    const axis = whole.get(factor);
    return (axis !== undefined && grown.get(axis)) || factor;
  };
  const fresh = single.flatMap((axis) => grown.get(axis) ?? []);
  return makeView(
    node,
    [...fresh, ...laid.groups.flat().map(now)],
    laid.axes.map((axis, i) => {
      const size = grown.get(i);
      return axis.length === 0 && size ? [size] : axis.map(now);
    }),
  );
}

/** Values by their places: picked, repeated, padded. */
import type { Shape } from "../../network/op";
import { count } from "../../network/ops/check";
import * as ops from "../../network/ops/index";
import type { Pair } from "../../network/ops/window";
import {
  broadcast,
  checkDims,
  checkRank,
  damaged,
  refuse,
  wholeAxis,
} from "./checks";
import { dataOf } from "./folding";
import { reshape } from "./layout";
import type { Constant, Value } from "./lowering";
import { resized, slice } from "./slicing";
import { makeView, type Factor, type View } from "./view";
import { isConstant, viewOf, type Work } from "./work";

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
  // what never wins in the pool that follows is a number all the same
  const finite = Math.min(Math.max(value, -1e38), 1e38);
  return padView(work, name, viewOf(inner), pads, mode, finite);
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

/** Parts of values: where a part is whole factors, nothing is rearranged for it. */
import { spell } from "../../network/ops/check";
import * as ops from "../../network/ops/index";
import type { Grouped } from "./arranging";
import { checkDims, checkRank, damaged, wholeAxis } from "./checks";
import type { Value } from "./lowering";
import { makeView, sizeOf, type Factor, type View } from "./view";
import { isConstant, viewOf, type Work } from "./work";

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

/** The view of a node after some factors changed their size. */
export function resized(
  node: string,
  laid: Pick<Grouped, "groups" | "axes">,
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

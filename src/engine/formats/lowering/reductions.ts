/** Means, sums and extremes along axes. */
import * as ops from "../../network/ops/index";
import { damaged, wholeAxis } from "./checks";
import type { ReduceKind, Value } from "./lowering";
import { makeView, type Factor } from "./view";
import { isConstant, viewOf, type Work } from "./work";

export function reduce(
  work: Work,
  name: string,
  kind: ReduceKind,
  x: Value,
  axes: readonly number[],
  keepDims: boolean,
): Value {
  const { assembler, arranging, folding } = work;
  const along = [
    ...new Set(axes.map((axis) => wholeAxis(name, axis, x.dims.length))),
  ].sort((a, b) => a - b);
  if (along.length !== axes.length) damaged(name, "it names an axis twice.");
  if (isConstant(x)) return folding.reduce(name, kind, x, along, keepDims);
  const view = viewOf(x);
  const gone = new Set(along.flatMap((axis) => view.axes[axis] ?? []));
  const left = (axisOf: readonly (readonly Factor[])[]) =>
    axisOf.flatMap((axis, i) => {
      if (!along.includes(i)) return [axis];
      return keepDims ? [[]] : [];
    });
  // along axes of one value there is nothing to do
  if (gone.size === 0) return makeView(view.node, view.order, left(view.axes));
  const laid = arranging.grouped(name, view, (factor) => gone.has(factor));
  const parts = new Set(along.flatMap((axis) => laid.axes[axis] ?? []));
  const isGone = (group: readonly Factor[]) =>
    group[0] !== undefined && parts.has(group[0]);
  const [rows, columns, channels] = laid.groups;
  const isMap =
    laid.groups.length === 3 &&
    [rows, columns].every((g) => g && (g.length === 0 || isGone(g))) &&
    !isGone(channels ?? []);
  const pool = kind === "mean" ? ops.globalAverage : ops.globalMax;
  const node =
    isMap && (kind === "mean" || kind === "max")
      ? assembler.add(pool, name, [laid.node], { keepDims })
      : assembler.add(ops.reduce, name, [laid.node], {
          kind,
          axes: laid.groups.flatMap((group, i) => (isGone(group) ? [i] : [])),
          keepDims: keepDims || laid.groups.every(isGone),
        });
  const order = laid.groups.flat().filter((factor) => !parts.has(factor));
  return makeView(node, order, left(laid.axes));
}

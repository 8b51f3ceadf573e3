/** Operations that move whole values and compute nothing; most only change the view. */
import type { Shape } from "../../network/op";
import { count, spell } from "../../network/ops/check";
import * as ops from "../../network/ops/index";
import { align } from "./align";
import { checkDims, damaged, wholeAxis } from "./checks";
import type { Value } from "./lowering";
import { makeView, permuted, reshaped } from "./view";
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

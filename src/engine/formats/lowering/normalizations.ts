/** Normalizations and softmax: what works along the last dimension of the stored value. */
import type { Shape, Weight, Weights } from "../../network/op";
import { count, spell } from "../../network/ops/check";
import * as ops from "../../network/ops/index";
import { damaged, wholeAxis } from "./checks";
import type { Constant, MapOrder, Value } from "./lowering";
import { makeView, sizeOf, type Factor, type View } from "./view";
import {
  dynamic,
  factorStrides,
  readAlong,
  rearranged,
  weight,
  type Work,
} from "./work";

/** A node whose last dimension holds all factors of some axes, in the order they are stored in. */
export interface Laid {
  readonly node: string;
  readonly front: readonly Factor[];
  readonly last: readonly Factor[];
  /** The logical axes in terms of these factors. */
  readonly axes: readonly (readonly Factor[])[];
}

/** Lays a value out with these axes together in the last dimension; no other dimension is 1. */
export function lastAxes(
  { arranging }: Work,
  name: string,
  x: View,
  axes: readonly number[],
): Laid {
  const view = arranging.trailing(name, x, axes);
  const own = new Set(axes.flatMap((axis) => view.axes[axis] ?? []));
  const laid = arranging.grouped(name, view, (factor) => own.has(factor));
  const ownParts = new Set(axes.flatMap((axis) => laid.axes[axis] ?? []));
  const isLast = (group: readonly Factor[]) =>
    group[0] !== undefined && ownParts.has(group[0]);
  const groups = laid.groups.filter((group) => group.length > 0);
  const front = groups.filter((group) => !isLast(group));
  const last = groups.filter(isLast).flat();
  const shape = [...front.map(sizeOf), sizeOf(last)];
  return {
    node: arranging.shaped(name, laid.node, shape),
    front: front.flat(),
    last,
    axes: laid.axes,
  };
}

function viewAs(node: string, laid: Laid): View {
  return makeView(node, [...laid.front, ...laid.last], laid.axes);
}

export function softmax(
  work: Work,
  name: string,
  x: Value,
  axis: number,
): View {
  const view = dynamic(work, name, x);
  const along = wholeAxis(name, axis, view.dims.length);
  const laid = lastAxes(work, name, view, [along]);
  const y = viewAs(
    work.assembler.add(ops.softmax, name, [laid.node], {}),
    laid,
  );
  // maps keep their channels last, by which the end of a network knows them
  return isMap(view) ? asBefore(work, name, view, y) : y;
}

function isMap(view: View): boolean {
  return (
    view.dims.length === 4 && view.axes.filter((a) => a.length > 0).length === 3
  );
}

/** The view with its axes stored in the order they had in another; as it is where that is cut otherwise. */
function asBefore(work: Work, name: string, before: View, view: View): View {
  const place = (v: View, factor: Factor | undefined) =>
    v.axes.findIndex((axis) => factor !== undefined && axis.includes(factor));
  if (before.order.length !== 3 || view.order.length !== 3) return view;
  const order = before.order.map(
    (factor) => view.axes[place(before, factor)]?.[0],
  );
  const target = order.filter((factor) => factor !== undefined);
  return target.length === 3
    ? work.arranging.ordered(name, view, target)
    : view;
}

export function batchNorm(
  work: Work,
  name: string,
  x: Value,
  weights: {
    readonly gamma: Weight | null;
    readonly beta: Weight | null;
    readonly mean: Weight;
    readonly variance: Weight;
  },
  { axis, epsilon }: { readonly axis: number; readonly epsilon: number },
): View {
  const view = dynamic(work, name, x);
  const along = wholeAxis(name, axis, view.dims.length);
  const channels = view.dims[along] ?? 1;
  const laid = lastAxes(work, name, view, [along]);
  const logical = laid.axes[along] ?? [];
  const strides = new Map(
    factorStrides(logical, 1).map((s, i) => [logical[i], s]),
  );
  const own: Record<string, Weight> = {};
  for (const key of ["gamma", "beta", "mean", "variance"] as const) {
    const given = weights[key];
    if (!given) continue;
    if (count(given.shape) !== channels)
      damaged(
        name,
        `its weight "${key}" has the shape ${spell(given.shape)} for ${channels} channels.`,
      );
    const { data } = weight(name, [channels], given.data);
    const stored = rearranged(
      data,
      laid.last.map((f) => f.size),
      laid.last.map((f) => strides.get(f) ?? 0),
    );
    own[key] = weight(name, [channels], stored);
  }
  const node = work.assembler.add(
    ops.batchNorm,
    name,
    [laid.node],
    { epsilon },
    own,
  );
  return viewAs(node, laid);
}

export function layerNorm(
  work: Work,
  name: string,
  x: Value,
  gamma: Constant | null,
  beta: Constant | null,
  { axis, epsilon }: { readonly axis: number; readonly epsilon: number },
): View {
  const view = dynamic(work, name, x);
  const rank = view.dims.length;
  const from = wholeAxis(name, axis, rank);
  const along = view.dims.map((_, i) => i).slice(from);
  const laid = lastAxes(work, name, view, along);
  const features = sizeOf(laid.last);
  const stored = (constant: Constant): Weight => {
    const fits = fitsLast(constant.dims, view.dims.slice(from));
    if (!fits)
      damaged(
        name,
        `a weight ${spell(constant.dims)} does not fit its input ${spell(view.dims)}.`,
      );
    return weight(
      name,
      [features],
      readAlong(name, constant, laid.axes, laid.last),
    );
  };
  const weights: Weights = {
    ...(gamma && { gamma: stored(gamma) }),
    ...(beta && { beta: stored(beta) }),
  };
  const node = work.assembler.add(
    ops.layerNorm,
    name,
    [laid.node],
    { dimensions: 1, epsilon },
    weights,
  );
  return viewAs(node, laid);
}

/** Whether a constant broadcasts to the last dimensions, and is the same along those before. */
function fitsLast(constant: Shape, last: Shape): boolean {
  return constant
    .toReversed()
    .every((d, i) => d === 1 || d === last[last.length - 1 - i]);
}

/** Over neighbouring channels of a map. */
export function localResponseNorm(
  work: Work,
  name: string,
  x: Value,
  {
    order,
    ...attributes
  }: {
    readonly order: MapOrder;
    readonly size: number;
    readonly alpha: number;
    readonly beta: number;
    readonly bias: number;
  },
): View {
  const view = dynamic(work, name, x);
  const axis = wholeAxis(
    name,
    order === "NCHW" ? 1 : view.dims.length - 1,
    view.dims.length,
  );
  // neighbours have to lie side by side
  const channels = view.axes[axis] ?? [];
  const others = view.order.filter((factor) => !channels.includes(factor));
  const target = [...others, ...channels];
  const laid = lastAxes(
    work,
    name,
    work.arranging.ordered(name, view, target),
    [axis],
  );
  const node = work.assembler.add(
    ops.localResponseNorm,
    name,
    [laid.node],
    attributes,
  );
  return viewAs(node, laid);
}

/**
 * How a tensor of a file lies in the value of a node.
 *
 * A stored value is a row of *factors*, outermost first: contiguous pieces of its index, like the digits of a number
 * of mixed radix. A logical axis is a row of factors too, so a permutation of axes, and most reshapes, only say anew
 * which factors an axis has, and nothing is computed. A convolution stores h, w, c; its NCHW view is
 * [[], [c], [h], [w]], and flattened it is [[], [c, h, w]]. Axes of size 1 have no factor.
 */
import type { Shape } from "../../network/op";
import type { Dynamic } from "./lowering";

/** A piece of the index, of size 2 or more. Factors are told apart by identity. */
export interface Factor {
  readonly size: number;
}

export interface View extends Dynamic {
  /** The node whose value it is. */
  readonly node: string;
  /** The stored value's factors, outermost first; the node's shape is some grouping of them. */
  readonly order: readonly Factor[];
  /** The factors of every logical axis, outermost first. */
  readonly axes: readonly (readonly Factor[])[];
}

/** A view whose neighbouring factors are merged where order and axis both keep them side by side. */
export function makeView(
  node: string,
  order: readonly Factor[],
  axes: readonly (readonly Factor[])[],
): View {
  const dims = axes.map(sizeOf);
  const next = new Map(order.map((factor, i) => [factor, order[i + 1]]));
  const mergedAxes: Factor[][] = [];
  const mergedInto = new Map<Factor, Factor | null>();
  for (const axis of axes) {
    const merged: Factor[] = [];
    for (let i = 0; i < axis.length;) {
      const run = runFrom(axis, i, next);
      const [first] = run;
      if (!first) break;
      const factor = run.length === 1 ? first : { size: sizeOf(run) };
      for (const part of run) mergedInto.set(part, null);
      mergedInto.set(first, factor);
      merged.push(factor);
      i += run.length;
    }
    mergedAxes.push(merged);
  }
  const mergedOrder = order.flatMap((factor) => {
    const into = mergedInto.get(factor);
    return into ? [into] : [];
  });
  return { kind: "dynamic", dims, node, order: mergedOrder, axes: mergedAxes };
}

/** The factors from `axis[start]` on that the stored value keeps side by side. */
function runFrom(
  axis: readonly Factor[],
  start: number,
  next: ReadonlyMap<Factor, Factor | undefined>,
): Factor[] {
  const run: Factor[] = [];
  for (let i = start; i < axis.length; i++) {
    const factor = axis[i];
    const previous = run.at(-1);
    if (!factor || (previous && next.get(previous) !== factor)) break;
    run.push(factor);
  }
  return run;
}

/** A view of a node that is stored as `shape`, one logical axis for every stored one. */
export function plainView(node: string, shape: Shape): View {
  const axes = shape.map((size) => (size === 1 ? [] : [{ size }]));
  return makeView(node, axes.flat(), axes);
}

export function sizeOf(factors: readonly Factor[]): number {
  return factors.reduce((product, { size }) => product * size, 1);
}

/** Output axis i is axis order[i]. */
export function permuted(view: View, order: readonly number[]): View {
  const axes = order.map((axis) => view.axes[axis] ?? []);
  return makeView(view.node, view.order, axes);
}

/** The same values in row-major order as other dimensions; null where factors would have to be cut unevenly. */
export function reshaped(view: View, dims: Shape): View | null {
  // across the axes' borders, too, what is stored side by side is one factor
  const whole = makeView(view.node, view.order, [view.axes.flat()]);
  const dealt = deal(whole.axes[0] ?? [], dims);
  if (!dealt) return null;
  const order = whole.order.flatMap((f) => dealt.parts.get(f) ?? [f]);
  return makeView(view.node, order, dealt.groups);
}

/** A row of factors cut up for some dimensions. */
export interface Dealt {
  /** The factors of each dimension; those of size 1 have none. */
  readonly groups: readonly (readonly Factor[])[];
  /** What factors were cut into. */
  readonly parts: ReadonlyMap<Factor, readonly Factor[]>;
}

/** Deals a row of factors out to dimensions, cutting them evenly; null where that cannot be. */
export function deal(factors: readonly Factor[], dims: Shape): Dealt | null {
  const waiting = factors.toReversed();
  const cut = new Map<Factor, Factor[]>();
  const origin = new Map<Factor, Factor>();
  const groups: Factor[][] = [];
  for (const dim of dims) {
    const group: Factor[] = [];
    for (let open = dim; open > 1;) {
      const factor = waiting.pop();
      if (!factor) return null;
      if (open % factor.size === 0) {
        group.push(factor);
        open /= factor.size;
      } else if (factor.size % open === 0) {
        const [outer, inner] = [{ size: open }, { size: factor.size / open }];
        const from = origin.get(factor) ?? factor;
        const before = cut.get(from)?.slice(0, -1) ?? [];
        cut.set(from, [...before, outer, inner]);
        origin.set(inner, from);
        waiting.push(inner);
        group.push(outer);
        open = 1;
      } else return null;
    }
    groups.push(group);
  }
  return waiting.length === 0 ? { groups, parts: cut } : null;
}

/** Where an axis is cut into factors: the products of all inner ones, innermost first, the whole left out. */
export function cutsOf(axis: readonly Factor[]): number[] {
  const cuts: number[] = [];
  let inner = 1;
  for (const { size } of axis.toReversed()) {
    inner *= size;
    cuts.push(inner);
  }
  cuts.pop();
  return cuts;
}

/** Both sets of cuts together, ascending; null where they are not divisors of each other. */
export function mergedCuts(
  a: readonly number[],
  b: readonly number[],
): number[] | null {
  const cuts = [...new Set([...a, ...b])].sort((x, y) => x - y);
  const nested = cuts.every((cut, i) => cut % (cuts[i - 1] ?? 1) === 0);
  return nested ? cuts : null;
}

/**
 * The view's parts with its axes cut so finely; `cuts[axis]` holds the axis' own cuts and divides its size.
 * Not a view: its factors are not merged again.
 */
export function refined(
  view: Pick<View, "order" | "axes">,
  cuts: readonly (readonly number[])[],
): Pick<View, "order" | "axes"> {
  let { order } = view;
  const axes = view.axes.map((axis, i) => {
    let inner = sizeOf(axis);
    return axis.flatMap((factor) => {
      const outer = inner;
      inner /= factor.size;
      const within = (cuts[i] ?? []).filter((c) => c > inner && c < outer);
      if (within.length === 0) return [factor];
      const edges = [inner, ...within, outer];
      const parts = within
        .concat(outer)
        .map((edge, j) => ({ size: edge / (edges[j] ?? 1) }))
        .reverse();
      order = replaced(order, factor, parts);
      return parts;
    });
  });
  return { order, axes };
}

function replaced(
  list: readonly Factor[],
  factor: Factor,
  parts: readonly Factor[],
): Factor[] {
  return list.flatMap((f) => (f === factor ? parts : [f]));
}

/** The order in which the stored value holds some of its factors. */
export function asStored(
  view: Pick<View, "order">,
  factors: readonly Factor[],
): Factor[] {
  return view.order.filter((factor) => factors.includes(factor));
}

export function sameOrder(a: readonly Factor[], b: readonly Factor[]): boolean {
  return a.length === b.length && a.every((factor, i) => factor === b[i]);
}

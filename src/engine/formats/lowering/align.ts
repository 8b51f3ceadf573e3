/** Several values laid out alike, so that they can be worked on element by element, or side by side. */
import type { Shape } from "../../network/op";
import { cutBy, mergedByKind } from "./arranging";
import { refuse, toRank } from "./checks";
import type { Constant } from "./lowering";
import {
  cutsOf,
  makeView,
  mergedCuts,
  refined,
  sizeOf,
  type Factor,
  type View,
} from "./view";
import { constantNode, isConstant, readAlong, type Work } from "./work";

export interface Aligned {
  /** Nodes of one rank; dimensions are those of the result, or 1. */
  readonly nodes: readonly string[];
  /** The result's factors. */
  readonly order: readonly Factor[];
  readonly axes: readonly (readonly Factor[])[];
  /** Which of the nodes' dimensions is the axis asked for. */
  readonly along: number;
}

/** One of the values, in terms of the result's factors. */
interface Part {
  readonly value: View | Constant;
  /** With dimensions of 1 in front. */
  readonly dims: Shape;
  /** The result's factors in the order in which the value holds them; none for constants. */
  readonly order: readonly Factor[];
  /** The value's own factor for each of them. */
  readonly own: ReadonlyMap<Factor, Factor>;
  readonly view: View | null;
}

/** TensorFlow repeats values along up to so many runs of dimensions, the batch not counted. */
const mostRuns = 4;

/**
 * Lays values out as the largest dynamic one is stored; constants are rearranged at once.
 * `dims`: the result's, by NumPy's broadcast. `along`: an axis of which each value has its own part (concatenation),
 * kept whole in one dimension. At least one value is dynamic.
 */
export function align(
  work: Work,
  name: string,
  values: readonly (View | Constant)[],
  dims: Shape,
  along: number | null = null,
): Aligned {
  const views = values.map((value) =>
    isConstant(value) ? null : padded(value, dims.length),
  );
  const leader = largest(views);
  const cuts = cutAlike(work, name, views, leader, along);
  const axes = dims.map((dim, axis) =>
    axis === along ? [{ size: dim }] : factorsOf(dim, cuts[axis] ?? []),
  );
  const whole = along === null ? null : (axes[along]?.[0] ?? null);
  const parts = values.map((value, i) =>
    partOf(value, views[i] ?? null, cuts, axes),
  );
  const order = orderOf(parts, parts[leader], axes, whole);

  // constants are written out in full where they would be repeated along too many runs of dimensions
  const sparse = (part: Part, factor: Factor) =>
    factor === whole ||
    axes.some((axis, i) => axis.includes(factor) && part.dims[i] !== 1);
  const full = (part: Part, factor: Factor) =>
    isConstant(part.value) || sparse(part, factor);
  const kindBy = (has: typeof full) => (factor: Factor) =>
    factor === whole ? whole : parts.map((part) => has(part, factor)).join();
  const few = (has: typeof full) =>
    mergedByKind(order, kindBy(has), () => false).length <= mostRuns;
  const has = few(sparse) ? sparse : full;
  if (along === null && !few(has))
    refuse(
      name,
      "its inputs are repeated along too many axes in turns.",
      `Supported are up to ${mostRuns} runs of axes.`,
    );

  const nodes = parts.map(({ view, own }) => {
    if (!view) return null;
    const target = order.flatMap((factor) => own.get(factor) ?? []);
    return work.arranging.ordered(name, view, target).node;
  });
  const sizeIn = (part: Part | undefined, factor: Factor) =>
    factor === whole ? (part?.dims[along ?? 0] ?? 1) : factor.size;
  const kindOf = kindBy(has);
  const alone = (kind: unknown) => kind === whole && whole !== null;
  // as the leader is stored, where each of its dimensions is of one kind; what it lacks comes after it
  const lacks = order.slice(parts[leader]?.order.length);
  const more = lacks.length > 0 ? mergedByKind(lacks, kindOf, alone) : [];
  const stored = work.assembler.shapeOf(nodes[leader] ?? "");
  const asLeader = groupsOf(
    more.length > 0 ? withoutLastOnes(stored) : stored,
    order.slice(0, order.length - lacks.length),
    (factor) => sizeIn(parts[leader], factor),
  );
  const even = asLeader?.every((group) => {
    const kinds = new Set(group.map(kindOf));
    return kinds.size <= 1 && (group.length === 1 || ![...kinds].some(alone));
  });
  const groups =
    asLeader && even
      ? [...asLeader, ...more]
      : mergedByKind(order, kindOf, alone);

  const laid = parts.map((part, i) => {
    const present = groups.map((group) => group.filter((f) => has(part, f)));
    const shape = present.map((group) =>
      group.reduce((size, factor) => size * sizeIn(part, factor), 1),
    );
    const node = nodes[i];
    if (node !== null && node !== undefined)
      return work.arranging.shaped(name, node, shape);
    const { value } = part;
    if (!isConstant(value)) throw new TypeError("a value without a node");
    const sized = new Map(
      order.map((f) => [f, { size: sizeIn(part, f) } satisfies Factor]),
    );
    const each = (factors: readonly Factor[]) =>
      factors.flatMap((factor) => sized.get(factor) ?? []);
    const data = readAlong(name, value, axes.map(each), each(present.flat()));
    return constantNode(work, name, shape, data);
  });
  const filled = (factors: readonly Factor[]) =>
    factors.filter(({ size }) => size > 1);
  return {
    nodes: laid,
    order: filled(order),
    axes: axes.map(filled),
    along: groups.findIndex((group) => whole !== null && group.includes(whole)),
  };
}

/**
 * Where each axis is cut: wherever one of the values cuts it, and where the leader's stored shape does.
 * Views whose own cuts do not go with that are rearranged in place.
 */
function cutAlike(
  { assembler, arranging }: Work,
  name: string,
  views: (View | null)[],
  leader: number,
  along: number | null,
): number[][] {
  const first = views[leader];
  const kept = first && cutBy(first, assembler.shapeOf(first.node));
  const cuts = (first?.axes ?? []).map((_, i) =>
    i === along ? [] : cutsOf(kept?.axes[i] ?? []),
  );
  const turns = [...views.keys()].sort(
    (a, b) => Number(b === leader) - Number(a === leader),
  );
  for (const i of turns) {
    let view = views[i];
    if (!view) continue;
    for (const axis of cuts.keys()) {
      const merged =
        axis === along
          ? null
          : mergedCuts(cuts[axis] ?? [], cutsOf(view.axes[axis] ?? []));
      if (merged) cuts[axis] = merged;
      else view = arranging.contiguous(name, view, axis);
    }
    views[i] = view;
  }
  return cuts;
}

function factorsOf(dim: number, cuts: readonly number[]): Factor[] {
  if (dim === 1) return [];
  const edges = [1, ...cuts];
  return [...cuts, dim]
    .map((edge, i) => ({ size: edge / (edges[i] ?? 1) }))
    .reverse();
}

function partOf(
  value: View | Constant,
  view: View | null,
  cuts: readonly (readonly number[])[],
  axes: readonly (readonly Factor[])[],
): Part {
  const dims = toRank(value.dims, axes.length);
  const own = new Map<Factor, Factor>();
  if (!view) return { value, dims, order: [], own, view };
  const fine = refined(view, cuts);
  const result = new Map<Factor, Factor>();
  fine.axes.forEach((axis, i) =>
    axis.forEach((factor, j) => {
      const of = axes[i]?.[j];
      if (!of) return;
      result.set(factor, of);
      own.set(of, factor);
    }),
  );
  const order = fine.order.flatMap((factor) => result.get(factor) ?? []);
  return { value, dims, order, own, view: { ...view, ...fine } };
}

/** The leader's order, then what only others have, most often channels; the axis asked for has a place in any case. */
function orderOf(
  parts: readonly Part[],
  leader: Part | undefined,
  axes: readonly (readonly Factor[])[],
  whole: Factor | null,
): Factor[] {
  const dynamic = new Set([
    ...(leader?.order ?? []),
    ...parts.flatMap((part) => part.order),
  ]);
  const constant = axes.flat().filter((f) => f !== whole && !dynamic.has(f));
  const order = new Set([...dynamic, ...constant]);
  if (whole) order.add(whole);
  return [...order];
}

/** The factors of each dimension of a shape; null where they do not fall into it. */
function groupsOf(
  shape: Shape,
  order: readonly Factor[],
  sizeOfFactor: (factor: Factor) => number,
): Factor[][] | null {
  const waiting = order.toReversed();
  const groups: Factor[][] = [];
  for (const dim of shape) {
    const group: Factor[] = [];
    for (let open = dim; open > 1;) {
      const factor = waiting.pop();
      if (!factor || open % sizeOfFactor(factor) !== 0) return null;
      group.push(factor);
      open /= sizeOfFactor(factor);
    }
    groups.push(group);
  }
  return waiting.length === 0 ? groups : null;
}

function withoutLastOnes(shape: Shape): Shape {
  return shape.slice(0, shape.findLastIndex((d) => d !== 1) + 1);
}

/** With axes of size 1 in front. */
function padded(view: View, rank: number): View {
  const missing = new Array<Factor[]>(Math.max(0, rank - view.axes.length));
  return makeView(view.node, view.order, [...missing.fill([]), ...view.axes]);
}

function largest(views: readonly (View | null)[]): number {
  let best = -1;
  let most = 0;
  views.forEach((view, i) => {
    const size = view ? sizeOf(view.order) : 0;
    if (size > most) [best, most] = [i, size];
  });
  return best;
}

/** Several values laid out alike, so that they can be worked on element by element, or side by side. */
import type { Shape } from "../../network/op";
import { cutBy, mergedByKind } from "./arranging";
import { toRank } from "./checks";
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
  const { assembler, arranging } = work;
  const rank = dims.length;
  const own = values.map((value) => toRank(value.dims, rank));
  const views = values.map((value) =>
    isConstant(value) ? null : padded(value, rank),
  );
  const leader = largest(views);

  // every axis is cut wherever one of the values cuts it; the leader's stored shape is kept where that can be
  const cuts: number[][] = dims.map(() => []);
  const fine = new Map<number, Pick<View, "order" | "axes">>();
  const first = views[leader];
  const kept = first && cutBy(first, assembler.shapeOf(first.node));
  kept?.axes.forEach((axis, i) => {
    if (i !== along) cuts[i] = cutsOf(axis);
  });
  const turns = views.map((_, i) => i).sort((a, b) => rankOf(a) - rankOf(b));
  function rankOf(i: number): number {
    return i === leader ? -1 : i;
  }
  for (const i of turns) {
    let view = views[i];
    if (!view) continue;
    for (let axis = 0; axis < rank; axis++) {
      const known = cuts[axis] ?? [];
      const merged =
        axis === along
          ? null
          : mergedCuts(known, cutsOf(view.axes[axis] ?? []));
      if (merged && (view.axes[axis] ?? []).length > 0) cuts[axis] = merged;
      else if (!merged) view = arranging.contiguous(name, view, axis);
    }
    views[i] = view;
  }
  views.forEach((view, i) => {
    if (view) fine.set(i, refined(view, cuts));
  });

  // the result's factors, and which of them each value's factors are
  const axes = dims.map((dim, axis): Factor[] => {
    if (axis === along) return [{ size: dim }];
    if (dim === 1) return [];
    const edges = [1, ...(cuts[axis] ?? []), dim];
    return edges
      .slice(1)
      .map((edge, i) => ({ size: edge / (edges[i] ?? 1) }))
      .reverse();
  });
  const whole = along === null ? null : (axes[along]?.[0] ?? null);
  const resultOf = [...fine].map(([i, { order, axes: parts }]) => {
    const map = new Map<Factor, Factor>();
    parts.forEach((axis, k) =>
      axis.forEach((factor, j) => {
        const result = axes[k]?.[j];
        if (result) map.set(factor, result);
      }),
    );
    return { i, order, map };
  });
  const order = [
    ...new Set(
      [
        ...resultOf.filter(({ i }) => i === leader),
        ...resultOf.filter(({ i }) => i !== leader),
      ].flatMap(({ order: stored, map }) =>
        stored.flatMap((factor) => map.get(factor) ?? []),
      ),
    ),
  ];
  order.unshift(
    ...axes.flat().filter((f) => f !== whole && !order.includes(f)),
  );
  if (whole && !order.includes(whole)) order.push(whole);

  const has = (i: number, factor: Factor) =>
    factor === whole ||
    axes.some((axis, k) => axis.includes(factor) && own[i]?.[k] !== 1);
  const stored = new Map<number, string>();
  for (const { i, order: present, map } of resultOf) {
    const view = views[i];
    const back = new Map([...map].map(([factor, result]) => [result, factor]));
    const target = order.flatMap((factor) => back.get(factor) ?? []);
    if (!view) continue;
    const parts: View = {
      ...view,
      order: present,
      axes: fine.get(i)?.axes ?? [],
    };
    stored.set(i, arranging.ordered(name, parts, target).node);
  }

  const kindOf = (factor: Factor) =>
    factor === whole ? whole : values.map((_, i) => has(i, factor)).join();
  const single = (kind: unknown) => kind === whole && whole !== null;
  const groups = asLeader() ?? mergedByKind(order, kindOf, single);
  /** The groups of the leader's own shape, where it has all factors and each group is of one kind. */
  function asLeader(): Factor[][] | null {
    const node = stored.get(leader);
    const sizes = own[leader];
    if (node === undefined || !sizes) return null;
    const shape = assembler.shapeOf(node);
    const waiting = order.toReversed();
    const found: Factor[][] = [];
    for (const dim of shape) {
      const group: Factor[] = [];
      for (let open = dim; open > 1;) {
        const factor = waiting.pop();
        const size = factor === whole ? (sizes[along ?? 0] ?? 1) : factor?.size;
        if (!factor || size === undefined || open % size !== 0) return null;
        group.push(factor);
        open /= size;
      }
      found.push(group);
    }
    const even = found.every(
      (group) =>
        new Set(group.map(kindOf)).size <= 1 &&
        (group.length === 1 || !group.some((f) => f === whole)),
    );
    const complete = order.every((f) => f === whole || has(leader, f));
    return even && complete && waiting.length === 0 ? found : null;
  }

  const nodes = values.map((value, i) => {
    const present = groups.map((group) =>
      group.filter((factor) => has(i, factor)),
    );
    const shape = present.map((group) =>
      group.reduce(
        (size, factor) =>
          size * (factor === whole ? (own[i]?.[along ?? 0] ?? 1) : factor.size),
        1,
      ),
    );
    if (!isConstant(value))
      return arranging.shaped(name, stored.get(i) ?? value.node, shape);
    // a constant's part along the axis asked for has a size of its own
    const size = own[i]?.[along ?? 0] ?? 1;
    const part: Factor = { size };
    const named = (factor: Factor) => (factor === whole ? part : factor);
    const data = readAlong(
      name,
      value,
      axes.map((axis) => axis.map(named)),
      present.flat().map(named),
    );
    return constantNode(work, name, shape, data);
  });
  return {
    nodes,
    order: order.filter(({ size }) => size > 1),
    axes: axes.map((axis) => axis.filter(({ size }) => size > 1)),
    along: groups.findIndex((group) => whole !== null && group.includes(whole)),
  };
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

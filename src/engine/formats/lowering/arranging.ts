/** Lays stored values out as an operation needs them, and never twice the same way. */
import type { Shape } from "../../network/op";
import * as ops from "../../network/ops/index";
import type { Assembler } from "../assembler";
import { refuse } from "./checks";
import {
  deal,
  makeView,
  sameOrder,
  sizeOf,
  type Factor,
  type View,
} from "./view";

/** Far beyond what a network asks for. */
const deepest = 12;

/** A view whose factors are grouped into the dimensions of its node's shape. */
export interface Grouped {
  readonly node: string;
  readonly shape: Shape;
  /** The factors of each dimension; those of size 1 have none. */
  readonly groups: readonly (readonly Factor[])[];
  /** The logical axes in terms of these factors. */
  readonly axes: readonly (readonly Factor[])[];
}

export class Arranging {
  readonly #assembler: Assembler;
  /** What a node that only lays out anew was made from, so that it need not be gone through. */
  readonly #origins = new Map<string, string>();
  readonly #done = new Map<string, string>();

  constructor(assembler: Assembler) {
    this.#assembler = assembler;
  }

  /** The node's values in row-major order as another shape. */
  shaped(name: string, node: string, shape: Shape): string {
    const origin = this.#origins.get(node) ?? node;
    if (shape.join() === this.#assembler.shapeOf(origin).join()) return origin;
    if (shape.join() === this.#assembler.shapeOf(node).join()) return node;
    return this.#once(JSON.stringify([origin, shape]), () => {
      const made =
        shape.length === 1
          ? this.#assembler.add(ops.flatten, `${name}/flat`, [origin], {})
          : this.#assembler.add(ops.reshape, `${name}/shape`, [origin], {
              shape,
            });
      this.#origins.set(made, origin);
      return made;
    });
  }

  /** The same view, its value stored with the factors in this order. */
  ordered(name: string, view: View, target: readonly Factor[]): View {
    if (sameOrder(view.order, target)) return view;
    const place = new Map(view.order.map((factor, i) => [factor, i]));
    const runs: Factor[][] = [];
    for (const factor of target) {
      const run = runs.at(-1);
      const last = run?.at(-1);
      const follows =
        last !== undefined &&
        (place.get(factor) ?? 0) === (place.get(last) ?? 0) + 1;
      if (run && follows) run.push(factor);
      else runs.push([factor]);
    }
    const placeOf = (run: readonly Factor[] | undefined) =>
      (run?.[0] && place.get(run[0])) ?? 0;
    const stored = runs.toSorted((a, b) => placeOf(a) - placeOf(b));
    if (runs.length > deepest)
      refuse(
        name,
        `its input has to be rearranged along ${runs.length} axes.`,
        `Supported are up to ${deepest}.`,
      );
    const order = runs.map((run) => stored.indexOf(run));
    const from = this.shaped(name, view.node, stored.map(sizeOf));
    const node = this.#once(JSON.stringify([from, "order", order]), () =>
      this.#assembler.add(ops.transpose, `${name}/order`, [from], { order }),
    );
    return makeView(node, target, view.axes);
  }

  /** The view with the factors of these axes last, all in the order they are stored in. */
  trailing(name: string, view: View, axes: readonly number[]): View {
    const last = new Set(axes.flatMap((axis) => view.axes[axis] ?? []));
    const front = view.order.filter((factor) => !last.has(factor));
    const back = view.order.filter((factor) => last.has(factor));
    return this.ordered(name, view, [...front, ...back]);
  }

  /** The view with an axis stored as one factor, where its innermost was. */
  contiguous(name: string, view: View, axis: number): View {
    const own = view.axes[axis] ?? [];
    if (own.length < 2) return view;
    const set = new Set(own);
    const lastPlace = view.order.findLastIndex((factor) => set.has(factor));
    const target = view.order.flatMap((factor, i) => {
      if (i === lastPlace) return own;
      return set.has(factor) ? [] : [factor];
    });
    return this.ordered(name, view, target);
  }

  /**
   * The view with its factors grouped into dimensions so that each dimension is of one kind: the dimensions
   * it is stored in where they are, else neighbours of a kind become one. A dimension of a kind in `single`
   * holds one whole factor.
   */
  grouped(
    name: string,
    view: View,
    kindOf: (factor: Factor) => unknown = () => null,
    single: (kind: unknown) => boolean = () => false,
  ): Grouped {
    const shape = this.#assembler.shapeOf(view.node);
    const cut = cutBy(view, shape);
    if (cut) {
      const kind = (f: Factor) => kindOf(cut.origins.get(f) ?? f);
      const even = cut.groups.every((group) => {
        const kinds = new Set(group.map(kind));
        const whole =
          group.length === 1 && !group.some((f) => cut.origins.has(f));
        return kinds.size <= 1 && (whole || ![...kinds].some(single));
      });
      if (even) return { node: view.node, shape, ...cut };
    }
    const groups = mergedByKind(view.order, kindOf, single);
    const sizes = groups.map(sizeOf);
    const node = this.shaped(name, view.node, sizes);
    return { node, shape: sizes, groups, axes: view.axes };
  }

  #once(key: string, make: () => string): string {
    const known = this.#done.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.#done.set(key, made);
    return made;
  }
}

/** The view's factors cut so that each lies in one dimension of a shape it can be stored in; null where they do not fit. */
export function cutBy(view: Pick<View, "order" | "axes">, shape: Shape) {
  const dealt = deal(view.order, shape);
  if (!dealt) return null;
  const origins = new Map<Factor, Factor>();
  for (const [factor, parts] of dealt.parts)
    for (const part of parts) origins.set(part, factor);
  const axes = view.axes.map((axis) =>
    axis.flatMap((factor) => dealt.parts.get(factor) ?? [factor]),
  );
  return { groups: dealt.groups, axes, origins };
}

/** Neighbours of a kind together, at least one group. */
export function mergedByKind(
  order: readonly Factor[],
  kindOf: (factor: Factor) => unknown,
  single: (kind: unknown) => boolean,
): Factor[][] {
  const groups: Factor[][] = [];
  for (const factor of order) {
    const group = groups.at(-1);
    const kind = kindOf(factor);
    if (group?.[0] && kindOf(group[0]) === kind && !single(kind))
      group.push(factor);
    else groups.push([factor]);
  }
  return groups.length > 0 ? groups : [[]];
}

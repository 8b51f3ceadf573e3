/** Matrix products: with a constant they are dense layers, between two values of the image a product of their own. */
import type { Shape, Weights } from "../../network/op";
import { count, spell } from "../../network/ops/check";
import * as ops from "../../network/ops/index";
import { mergedByKind } from "./arranging";
import { broadcast, damaged, toRank } from "./checks";
import { binary } from "./elementwise";
import { dataOf } from "./folding";
import type { Constant, Value } from "./lowering";
import { lastAxes } from "./normalizations";
import {
  asStored,
  cutsOf,
  makeView,
  mergedCuts,
  permuted,
  refined,
  sameOrder,
  sizeOf,
  type Factor,
  type View,
} from "./view";
import {
  dynamic,
  factorStrides,
  isConstant,
  rearranged,
  viewOf,
  weight,
  type Work,
} from "./work";

export interface MatmulSettings {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly bias?: Constant | null;
}

export function matmul(
  work: Work,
  name: string,
  first: Value,
  second: Value,
  { transposeA = false, transposeB = false, bias = null }: MatmulSettings = {},
): Value {
  // vectors are matrices of one row or one column, as NumPy has it
  const a = asMatrix(work, first, (n) => [1, n]);
  const b = asMatrix(work, second, (n) => [n, 1]);
  if (a.dims.length < 2 || b.dims.length < 2)
    damaged(name, "it multiplies a number without dimensions.");
  const [m, k] = lastTwo(a.dims, transposeA);
  const [other, n] = lastTwo(b.dims, transposeB);
  if (k !== other)
    damaged(
      name,
      `the matrices ${spell(a.dims)} and ${spell(b.dims)} do not fit.`,
    );
  const before = broadcast(name, [a.dims.slice(0, -2), b.dims.slice(0, -2)]);
  const own = bias && vectorOf(name, bias, n);
  const [y, biased] = product(
    work,
    name,
    { value: a, transposed: transposeA },
    { value: b, transposed: transposeB },
    own,
  );
  const whole = bias && !biased ? binary(work, name, "add", y, bias) : y;
  const dims = [
    ...before,
    ...(first.dims.length === 1 ? [] : [m]),
    ...(second.dims.length === 1 ? [] : [n]),
  ];
  return withDims(work, whole, dims);
}

interface Factored {
  readonly value: Value;
  readonly transposed: boolean;
}

/** The product, and whether the bias is in it already. */
function product(
  work: Work,
  name: string,
  a: Factored,
  b: Factored,
  bias: Float32Array | null,
): readonly [Value, boolean] {
  const [x, y] = [a.value, b.value];
  const plain = (value: Value) => count(value.dims.slice(0, -2)) === 1;
  if (isConstant(x) && isConstant(y)) {
    const [left, right] = [a, b].map(({ value, transposed }) =>
      transposed ? turned(work, name, value) : value,
    );
    if (!left || !right || !isConstant(left) || !isConstant(right))
      throw new TypeError("a constant turned is one");
    return [work.folding.matmul(name, left, right), false];
  }
  if (isConstant(y) && plain(y)) {
    const view = oriented(dynamic(work, name, x), a.transposed);
    const [k, n] = lastTwo(y.dims, b.transposed);
    const strides = b.transposed ? ([1, k] as const) : ([n, 1] as const);
    return [dense(work, name, view, y, [k, n], strides, bias), bias !== null];
  }
  if (isConstant(x) && plain(x)) {
    // (b^T a^T)^T
    const view = oriented(dynamic(work, name, y), !b.transposed);
    const [m, k] = lastTwo(x.dims, a.transposed);
    const strides = a.transposed ? ([m, 1] as const) : ([1, k] as const);
    const flipped = dense(work, name, view, x, [k, m], strides, null);
    return [oriented(flipped, true), false];
  }
  const view = (of: Factored) =>
    oriented(dynamic(work, name, of.value), of.transposed);
  return [general(work, name, view(a), view(b)), false];
}

/**
 * A dense layer over the last axis of x. The kernel's rows are put into the order in which x is stored,
 * so that a flattened map need not be transposed.
 */
function dense(
  work: Work,
  name: string,
  x: View,
  constant: Constant,
  [k, n]: readonly [number, number],
  [rowStride, columnStride]: readonly [number, number],
  bias: Float32Array | null,
): View {
  const axis = x.dims.length - 1;
  const laid = lastAxes(work, name, x, [axis]);
  const logical = laid.axes[axis] ?? [];
  const strides = new Map(
    factorStrides(logical, rowStride).map((s, i) => [logical[i], s]),
  );
  const data = rearranged(
    dataOf(name, constant),
    [...laid.last.map((f) => f.size), n],
    [...laid.last.map((f) => strides.get(f) ?? 0), columnStride],
  );
  const weights: Weights = {
    kernel: weight(name, [k, n], data),
    ...(bias && { bias: weight(name, [n], bias) }),
  };
  const node = work.assembler.add(ops.dense, name, [laid.node], {}, weights);
  const out: Factor[] = n === 1 ? [] : [{ size: n }];
  return makeView(
    node,
    [...laid.front, ...out],
    [...laid.axes.slice(0, -1), out],
  );
}

/** The product of two values that both depend on the image. */
function general(work: Work, name: string, first: View, second: View): View {
  const { arranging, assembler } = work;
  const rank = Math.max(first.dims.length, second.dims.length);
  const a = padded(first, rank);
  // both may come from one value: the factors of the second are given an identity of their own
  let b = padded(fresh(second), rank);
  // axes before the matrices, and k, are cut alike
  const pairs = [
    ...Array.from({ length: rank - 2 }, (_, i) => [i, i] as const),
    [rank - 1, rank - 2] as const,
  ];
  const cuts: [number[][], number[][]] = [
    a.axes.map(cutsOf),
    b.axes.map(() => []),
  ];
  for (const [i, j] of pairs) {
    if (a.dims[i] === 1 || b.dims[j] === 1) continue;
    const merged = mergedCuts(cuts[0][i] ?? [], cutsOf(b.axes[j] ?? []));
    if (merged) cuts[0][i] = merged;
    else b = arranging.contiguous(name, b, j);
  }
  cuts[1] = b.axes.map(cutsOf);
  for (const [i, j] of pairs)
    if (a.dims[i] !== 1 && b.dims[j] !== 1) cuts[1][j] = cuts[0][i] ?? [];
  const [x, y] = [refined(a, cuts[0]), refined(b, cuts[1])];

  // factors both have go by those of a
  const twin = new Map<Factor, Factor>();
  for (const [i, j] of pairs)
    if (a.dims[i] !== 1 && b.dims[j] !== 1)
      y.axes[j]?.forEach((factor, at) => {
        const same = x.axes[i]?.[at];
        if (same) twin.set(factor, same);
      });
  const own = (factor: Factor) => twin.get(factor) ?? factor;
  const batchA = x.axes.slice(0, -2).flat();
  const batchB = y.axes.slice(0, -2).flat();
  const batch = [
    ...new Set([...asStored(x, batchA), ...asStored(y, batchB).map(own)]),
  ];
  const inner = asStored(x, x.axes[rank - 1] ?? []);
  const rows = asStored(x, x.axes[rank - 2] ?? []);
  const columns = asStored(y, y.axes[rank - 1] ?? []);
  const back = new Map([...twin].map(([theirs, ours]) => [ours, theirs]));
  const inB = (factors: readonly Factor[]) =>
    factors.map((factor) => back.get(factor) ?? factor);
  const ofA = batch.filter((f) => batchA.includes(f));
  const ofB = batch.filter((f) => batchB.map(own).includes(f));

  // the matrices turned round where they are stored so
  const straightA = [...ofA, ...rows, ...inner];
  const turnedA = [...ofA, ...inner, ...rows];
  const straightB = inB([...ofB, ...inner, ...columns]);
  const turnedB = inB([...ofB, ...columns, ...inner]);
  const isTurned = (
    { order }: Pick<View, "order">,
    straight: readonly Factor[],
    other: readonly Factor[],
  ) => !sameOrder(order, straight) && sameOrder(order, other);
  const transposeA = isTurned(x, straightA, turnedA);
  const transposeB = isTurned(y, straightB, turnedB);
  const targetA = transposeA ? turnedA : straightA;
  const targetB = transposeB ? turnedB : straightB;
  const groups = mergedByKind(
    batch,
    (f) => `${ofA.includes(f)} ${ofB.includes(f)}`,
    () => false,
  ).filter((group) => group.length > 0);
  const shapeOf = (present: readonly Factor[], matrix: Shape) => [
    ...groups.map((group) =>
      sizeOf(group.filter((factor) => present.includes(factor))),
    ),
    ...matrix,
  ];
  const [m, k, n] = [sizeOf(rows), sizeOf(inner), sizeOf(columns)];
  const nodeOf = (view: View, target: readonly Factor[], shape: Shape) =>
    arranging.shaped(name, arranging.ordered(name, view, target).node, shape);
  const node = assembler.add(
    ops.matmul,
    name,
    [
      nodeOf(
        { ...a, ...x },
        targetA,
        shapeOf(ofA, transposeA ? [k, m] : [m, k]),
      ),
      nodeOf(
        { ...b, ...y },
        targetB,
        shapeOf(ofB, transposeB ? [n, k] : [k, n]),
      ),
    ],
    { transposeA, transposeB },
  );
  const axes = Array.from({ length: rank - 2 }, (_, i) => {
    const mine = x.axes[i] ?? [];
    return mine.length > 0 ? mine : (y.axes[i] ?? []).map(own);
  });
  return makeView(
    node,
    [...batch, ...rows, ...columns],
    [...axes, x.axes[rank - 2] ?? [], y.axes[rank - 1] ?? []],
  );
}

/** The same view of factors of its own. */
function fresh(view: View): View {
  const copies = new Map(view.order.map((f) => [f, { size: f.size }]));
  const each = (factors: readonly Factor[]) =>
    factors.flatMap((factor) => copies.get(factor) ?? []);
  return makeView(view.node, each(view.order), view.axes.map(each));
}

function asMatrix(
  work: Work,
  value: Value,
  dimsOf: (n: number) => Shape,
): Value {
  const [n] = value.dims;
  if (value.dims.length !== 1 || n === undefined) return value;
  return withDims(work, value, dimsOf(n));
}

/** The same value with other dimensions of 1. */
function withDims({ folding }: Work, value: Value, dims: Shape): Value {
  if (value.dims.join() === dims.join()) return value;
  if (isConstant(value)) return folding.reshape(value, dims);
  const view = viewOf(value);
  const axes = view.axes.filter((axis) => axis.length > 0);
  let next = 0;
  return makeView(
    view.node,
    view.order,
    dims.map((d) => (d === 1 ? [] : (axes[next++] ?? []))),
  );
}

function padded(view: View, rank: number): View {
  const missing = toRank([], rank - view.axes.length).map((): Factor[] => []);
  return makeView(view.node, view.order, [...missing, ...view.axes]);
}

function lastTwo(dims: Shape, transposed: boolean): readonly [number, number] {
  const [rows = 1, columns = 1] = dims.slice(-2);
  return transposed ? [columns, rows] : [rows, columns];
}

function lastSwapped(rank: number): number[] {
  return Array.from({ length: rank }, (_, i) =>
    i < rank - 2 ? i : 2 * rank - 3 - i,
  );
}

function oriented(view: View, transposed: boolean): View {
  return transposed ? permuted(view, lastSwapped(view.dims.length)) : view;
}

function turned(work: Work, name: string, value: Value): Value {
  const order = lastSwapped(value.dims.length);
  return isConstant(value)
    ? work.folding.transpose(name, value, order)
    : permuted(viewOf(value), order);
}

/** A bias that is one value, or one for every column; null for any other. */
function vectorOf(
  name: string,
  bias: Constant,
  n: number,
): Float32Array | null {
  const data = dataOf(name, bias);
  const last = bias.dims.at(-1) ?? 1;
  if (data.length === 1) return new Float32Array(n).fill(data[0] ?? 0);
  return data.length === n && last === n ? Float32Array.from(data) : null;
}

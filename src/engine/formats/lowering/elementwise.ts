/** Operations value by value: of one value, of two, and with constants. */
import type { Op, Weights } from "../../network/op";
import { count } from "../../network/ops/check";
import * as ops from "../../network/ops/index";
import { align } from "./align";
import { cutBy } from "./arranging";
import { broadcast, damaged, refuse, toRank } from "./checks";
import { uniformOf } from "./folding";
import type { BinaryKind, Constant, UnaryKind, Value } from "./lowering";
import { makeView, sizeOf, type View } from "./view";
import {
  dynamic,
  isConstant,
  readAlong,
  viewOf,
  weight,
  type Work,
} from "./work";

type None = Record<string, never>;

/** The same view of another node of the same shape. */
export function over(view: View, node: string): View {
  return { ...view, node };
}

/** An operation that treats all values alike, and leaves them where they are. */
export function elementwise<A extends object>(
  work: Work,
  name: string,
  op: Op<A>,
  attributes: A,
  value: Value,
): View {
  const view = dynamic(work, name, value);
  return over(view, work.assembler.add(op, name, [view.node], attributes));
}

const unaryOps: Readonly<Record<UnaryKind, Op<None>>> = {
  negate: ops.negate,
  abs: ops.abs,
  sqrt: ops.sqrt,
  rsqrt: ops.rsqrt,
  square: ops.square,
  reciprocal: ops.reciprocal,
  exp: ops.exp,
  log: ops.log,
  erf: ops.erf,
  sin: ops.sin,
  cos: ops.cos,
};

export function unary(
  work: Work,
  name: string,
  kind: UnaryKind,
  x: Value,
): Value {
  if (isConstant(x)) return work.folding.unary(name, kind, x);
  return elementwise(work, name, unaryOps[kind], {}, x);
}

export function clip(
  work: Work,
  name: string,
  x: Value,
  low: number | null,
  high: number | null,
): Value {
  const least = low === -Infinity || low === null ? null : low;
  const most = high === Infinity || high === null ? null : high;
  if (Number.isNaN(least) || Number.isNaN(most))
    damaged(name, "a limit is no number.");
  if (isConstant(x))
    return work.folding.map(name, x, (v) =>
      Math.min(Math.max(v, least ?? -Infinity), most ?? Infinity),
    );
  // limits that no float32 passes
  const bottom = least !== null && least <= -largestFloat ? null : least;
  const top = most !== null && most >= largestFloat ? null : most;
  if (bottom === null && top === null) return x;
  if (bottom === 0 && (top === null || top > 0))
    return elementwise(
      work,
      name,
      ops.rectifier,
      { slope: 0, ceiling: top },
      x,
    );
  return elementwise(work, name, ops.clip, { low: bottom, high: top }, x);
}

const largestFloat = (2 - 2 ** -23) * 2 ** 127;

export function binary(
  work: Work,
  name: string,
  kind: BinaryKind,
  a: Value,
  b: Value,
): Value {
  if (isConstant(a) && isConstant(b))
    return work.folding.binary(name, kind, a, b);
  if (isConstant(b) && !isConstant(a)) {
    const known = withConstant(work, name, kind, viewOf(a), b, "second");
    if (known) return known;
  }
  if (isConstant(a) && !isConstant(b)) {
    const known = withConstant(work, name, kind, viewOf(b), a, "first");
    if (known) return known;
  }
  const dims = broadcast(name, [a.dims, b.dims]);
  const laid = align(
    work,
    name,
    [a, b].map((value) => (isConstant(value) ? value : viewOf(value))),
    dims,
  );
  const node = work.assembler.add(binaryOps[kind], name, laid.nodes, {});
  return makeView(node, laid.order, laid.axes);
}

const binaryOps: Readonly<Record<BinaryKind, Op>> = {
  add: ops.add,
  subtract: ops.subtract,
  multiply: ops.multiply,
  divide: ops.divide,
  maximum: ops.maximum,
  minimum: ops.minimum,
  power: ops.power,
};

/** An operation with a constant in fewer steps; null where the general one has to do. */
function withConstant(
  work: Work,
  name: string,
  kind: BinaryKind,
  x: View,
  constant: Constant,
  place: "first" | "second",
): Value | null {
  const dims = broadcast(name, [x.dims, constant.dims]);
  // a constant of no more values than x never repeats it: axes of size 1 may only come in front
  const view: View = { ...x, dims, axes: toRankAxes(x, dims.length) };
  if (count(dims) !== count(x.dims)) return null;
  const value = uniformOf(name, constant);
  if (value !== null) {
    const done = withNumber(work, name, kind, view, value, place);
    if (done) return done;
  }
  return affine(work, name, kind, view, constant, place);
}

function toRankAxes(x: View, rank: number): View["axes"] {
  return [...toRank([], rank - x.axes.length).map(() => []), ...x.axes];
}

function withNumber(
  work: Work,
  name: string,
  kind: BinaryKind,
  x: View,
  value: number,
  place: "first" | "second",
): Value | null {
  const second = place === "second";
  if (kind === "add" && value === 0) return x;
  if (kind === "subtract" && value === 0 && second) return x;
  if (kind === "multiply" && value === 1) return x;
  if (kind === "divide" && value === 1)
    return second ? x : unary(work, name, "reciprocal", x);
  if (kind === "maximum") return clip(work, name, x, value, null);
  if (kind === "minimum") return clip(work, name, x, null, value);
  if (kind !== "power") return null;
  if (second) {
    if (value === 1) return x;
    const named = exponents.get(value);
    if (named) return unary(work, name, named, x);
    return elementwise(work, name, ops.power, { exponent: value }, x);
  }
  if (!(value > 0))
    refuse(
      name,
      `it raises ${value} to powers.`,
      "Powers of positive numbers are supported.",
    );
  // c^x = exp(x log c)
  const log = work.folding.constant([], Float32Array.of(Math.log(value)));
  return unary(work, name, "exp", binary(work, name, "multiply", x, log));
}

const exponents: ReadonlyMap<number, UnaryKind> = new Map([
  [2, "square"],
  [0.5, "sqrt"],
  [-0.5, "rsqrt"],
  [-1, "reciprocal"],
]);

/**
 * x + k, x - k, k - x, x k and x / k where k is the same along all stored dimensions but the last:
 * a batch normalization without statistics, which can be taken into what is before it.
 */
function affine(
  work: Work,
  name: string,
  kind: BinaryKind,
  x: View,
  constant: Constant,
  place: "first" | "second",
): View | null {
  const second = place === "second";
  const isAffine =
    kind === "add" ||
    kind === "subtract" ||
    kind === "multiply" ||
    (kind === "divide" && second);
  if (!isAffine) return null;
  const shape = work.assembler.shapeOf(x.node);
  const cut = cutBy(x, shape);
  const channel = cut?.groups.at(-1);
  if (!cut || !channel) return null;
  const padded = toRank(constant.dims, x.axes.length);
  const varies = cut.axes.flatMap((axis, i) => (padded[i] === 1 ? [] : axis));
  if (!varies.every((factor) => channel.includes(factor))) return null;
  const channels = [sizeOf(channel)];
  const values = readAlong(name, constant, cut.axes, channel);
  const vector = (f: (k: number) => number) =>
    weight(name, channels, Float32Array.from(values, f));
  const weights: Weights =
    kind === "multiply"
      ? { gamma: vector((k) => k) }
      : kind === "divide"
        ? { gamma: vector((k) => 1 / k) }
        : kind === "add"
          ? { beta: vector((k) => k) }
          : second
            ? { beta: vector((k) => -k) }
            : { gamma: vector(() => -1), beta: vector((k) => k) };
  const node = work.assembler.add(
    ops.batchNorm,
    name,
    [x.node],
    { epsilon: 0 },
    weights,
  );
  return over(x, node);
}

/** A slope for every channel, or for every value; `slope` broadcasts to x. */
export function prelu(
  work: Work,
  name: string,
  value: Value,
  slope: Constant,
): View {
  const x = dynamic(work, name, value);
  const dims = broadcast(name, [x.dims, slope.dims]);
  if (dims.join() !== x.dims.join())
    damaged(name, "its slopes do not fit its input.");
  const padded = toRank(slope.dims, x.axes.length);
  const varying = new Set(
    x.axes.flatMap((axis, i) => (padded[i] === 1 ? [] : axis)),
  );
  const laid = work.arranging.grouped(name, x, (f) => varying.has(f));
  const present = laid.axes.flatMap((axis, i) => (padded[i] === 1 ? [] : axis));
  const groups = laid.groups.map((group) =>
    group.filter((factor) => present.includes(factor)),
  );
  const alpha = weight(
    name,
    groups.map(sizeOf),
    readAlong(name, slope, laid.axes, groups.flat()),
  );
  const node = work.assembler.add(ops.prelu, name, [laid.node], {}, { alpha });
  return makeView(node, laid.groups.flat(), laid.axes);
}

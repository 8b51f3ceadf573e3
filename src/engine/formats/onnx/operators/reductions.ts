/** Reductions along axes. */
import { count } from "../../../network/ops/check";
import type { ReduceKind, UnaryKind, Value } from "../../lowering/index";
import type { Call, Operator } from "../call";
import { logSumExp } from "./normalization";

interface Reduction {
  readonly x: Value;
  /** From 0 on; null: there is nothing to do. */
  readonly axes: readonly number[] | null;
  readonly keepDims: boolean;
}

/** Axes became an input in opset 18, ReduceSum's in 13. */
function reductionOf(call: Call, since: number): Reduction {
  const x = call.value(0);
  const rank = x.dims.length;
  const given = call.list("axes", 1, since) ?? [];
  const all = x.dims.map((_, i) => i);
  const nothing = given.length === 0 && call.node.flag("noop_with_empty_axes");
  return {
    x,
    axes: nothing ? null : given.length > 0 ? call.axes(given, rank) : all,
    keepDims: call.node.flag("keepdims", true),
  };
}

/** `before` is done to every value, `after` to what comes out. */
export function reduce(
  kind: ReduceKind,
  before: UnaryKind | null = null,
  after: UnaryKind | null = null,
  since = 18,
): Operator {
  return (call) => {
    const { lowering, name } = call;
    const { x, axes, keepDims } = reductionOf(call, since);
    const values = before ? lowering.unary(name, before, x) : x;
    const reduced = axes
      ? lowering.reduce(name, kind, values, axes, keepDims)
      : values;
    return after ? lowering.unary(name, after, reduced) : reduced;
  };
}

export const reduceLogSumExp: Operator = (call) => {
  const { x, axes, keepDims } = reductionOf(call, 18);
  return axes ? logSumExp(call, x, axes, keepDims) : x;
};

/** Of constants: how many values a shape has. */
export const reduceProduct: Operator = (call) => {
  const [x] = call.constants();
  const { axes, keepDims } = reductionOf(call, 18);
  if (!x || !axes) return call.value(0);
  const { lowering, folding, name } = call;
  const kept = x.dims.map((_, i) => i).filter((i) => !axes.includes(i));
  const front = folding.transpose(name, x, [...kept, ...axes]);
  const rows = kept.map((i) => x.dims[i] ?? 1);
  const each = count(axes.map((i) => x.dims[i] ?? 1));
  const flat = folding.reshape(front, [count(rows), each]);
  let product: Value = lowering.constant(
    [count(rows), 1],
    x.type === "float"
      ? new Float32Array(count(rows)).fill(1)
      : new Float64Array(count(rows)).fill(1),
    x.type === "float" ? "float" : "int",
  );
  for (let i = 0; i < each; i++) {
    const column = lowering.slice(name, flat, [0, i], [count(rows), 1], [1, 1]);
    product = lowering.binary(name, "multiply", product, column);
  }
  const dims = x.dims.map((d, i) => (axes.includes(i) ? 1 : d));
  return lowering.reshape(name, product, keepDims ? dims : rows);
};

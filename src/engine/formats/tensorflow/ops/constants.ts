/** What is known from shapes alone. */
import type { Constant } from "../../lowering/index";
import { count } from "../../../network/ops/check";
import type { Call, Lower } from "../call";

/** More than any table of indices or mask. */
const mostValues = 2 ** 24;

function ints(
  call: Call,
  dims: readonly number[],
  values: readonly number[],
): Constant {
  return call.lowering.constant(dims, Float64Array.from(values), "int");
}

function filled(
  call: Call,
  dims: readonly number[],
  value: number,
  type: Constant["type"],
): Constant {
  const total = count(dims);
  if (
    !dims.every((d) => Number.isInteger(d) && d >= 0) ||
    !(total <= mostValues)
  )
    call.refuse(`it fills ${dims.join(" x ")} values.`);
  const data =
    type === "float" ? new Float32Array(total) : new Float64Array(total);
  return call.lowering.constant(dims, data.fill(value), type);
}

function shape(call: Call, input: number): Constant {
  const { dims } = call.value(input);
  return ints(call, [dims.length], dims);
}

function fill(call: Call): Constant {
  const dims = call.numbers(0, "shape");
  const { type } = call.constant(1, "value");
  return filled(call, dims, call.number(1, "value"), type);
}

function like(value: number): Lower {
  return (call: Call) => {
    const x = call.value(0);
    const type = x.kind === "constant" ? x.type : "float";
    return filled(call, x.dims, value, type);
  };
}

/** start, start + step, ... below the limit. */
function range(call: Call): Constant {
  const [start, limit, step] = [
    call.number(0, "start"),
    call.number(1, "limit"),
    call.number(2, "step"),
  ];
  const length = Math.max(0, Math.ceil((limit - start) / step));
  if (step === 0 || !(length <= mostValues))
    call.refuse(`it counts from ${start} to ${limit} in steps of ${step}.`);
  const { type } = call.constant(0, "start");
  const data =
    type === "float" ? new Float32Array(length) : new Float64Array(length);
  for (let i = 0; i < length; i++) data[i] = start + i * step;
  return call.lowering.constant([length], data, type);
}

/** The shape that two shapes broadcast to. */
function broadcastShape(call: Call): Constant {
  const [a, b] = [call.numbers(0, "shape"), call.numbers(1, "shape")];
  const rank = Math.max(a.length, b.length);
  const dims = Array.from({ length: rank }, (_, i) => {
    const m = a[i - rank + a.length] ?? 1;
    const n = b[i - rank + b.length] ?? 1;
    if (m !== n && m !== 1 && n !== 1)
      call.damaged(`${m} and ${n} values do not fit.`);
    return m === 1 ? n : m;
  });
  return ints(call, [rank], dims);
}

/** Where each value of a permutation stands. */
function invertPermutation(call: Call): Constant {
  const order = call.numbers(0, "permutation");
  return ints(
    call,
    [order.length],
    order.map((_, i) => order.indexOf(i)),
  );
}

export const constants: Readonly<Record<string, Lower>> = {
  Shape: (call) => shape(call, 0),
  ShapeN: (call) => call.node.inputs.map((_, i) => shape(call, i)),
  Rank: (call) => ints(call, [], [call.value(0).dims.length]),
  Size: (call) => ints(call, [], [count(call.value(0).dims)]),
  Fill: fill,
  ZerosLike: like(0),
  OnesLike: like(1),
  Range: range,
  BroadcastArgs: broadcastShape,
  InvertPermutation: invertPermutation,
};

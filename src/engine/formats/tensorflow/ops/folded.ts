/** What has no gradient, or none that is right: computed where it is known when the network is opened. */
import type { Constant } from "../../lowering/index";
import type { Call, Lower } from "../call";

/** Value by value, in the type of the input or as truths. */
function each(compute: (a: number) => number, type?: Constant["type"]): Lower {
  return (call: Call) => {
    const x = call.constant(0, "input");
    const data = x.data.map(compute);
    return call.lowering.constant(x.dims, data, type ?? x.type);
  };
}

/** Of two inputs by NumPy's broadcast. */
function pairwise(
  compute: (a: number, b: number) => number,
  type?: Constant["type"],
): Lower {
  return (call: Call) => {
    const a = call.constant(0, "first input");
    const b = call.constant(1, "second input");
    const { dims, data } = broadcast(call, [a, b], ([x = NaN, y = NaN]) =>
      compute(x, y),
    );
    return made(call, dims, data, type ?? a.type);
  };
}

function made(
  call: Call,
  dims: readonly number[],
  data: Float64Array,
  type: Constant["type"],
): Constant {
  return call.lowering.constant(
    dims,
    type === "float" ? Float32Array.from(data) : data,
    type,
  );
}

/** More than any table of indices; what is larger is no shape's arithmetic. */
const mostValues = 2 ** 24;

function broadcast(
  call: Call,
  inputs: readonly Constant[],
  compute: (values: readonly number[]) => number,
): { dims: number[]; data: Float64Array } {
  const rank = Math.max(...inputs.map((x) => x.dims.length));
  const dims: number[] = [];
  for (let i = 0; i < rank; i++) {
    const sizes = inputs.map((x) => x.dims[i - rank + x.dims.length] ?? 1);
    const size = sizes.find((d) => d !== 1) ?? 1;
    if (!sizes.every((d) => d === 1 || d === size))
      call.damaged(
        `its inputs have ${sizes.join(" and ")} values along an axis.`,
      );
    dims.push(size);
  }
  const total = dims.reduce((product, d) => product * d, 1);
  if (!(total <= mostValues)) call.refuse(`it computes ${total} values.`);
  const data = new Float64Array(total);
  const strides = inputs.map((x) => stridesOf(x, rank));
  const at = new Array<number>(rank).fill(0);
  const values = inputs.map(() => 0);
  for (let n = 0; n < total; n++) {
    for (const [k, x] of inputs.entries()) {
      let offset = 0;
      for (let i = 0; i < rank; i++)
        offset += (at[i] ?? 0) * (strides[k]?.[i] ?? 0);
      values[k] = x.data[offset] ?? NaN;
    }
    data[n] = compute(values);
    for (let i = rank - 1; i >= 0; i--) {
      at[i] = (at[i] ?? 0) + 1;
      if ((at[i] ?? 0) < (dims[i] ?? 1)) break;
      at[i] = 0;
    }
  }
  return { dims, data };
}

/** Steps in the data for each axis; 0 where the value is repeated. */
function stridesOf({ dims }: Constant, rank: number): number[] {
  const strides = new Array<number>(rank).fill(0);
  let stride = 1;
  for (let i = dims.length - 1; i >= 0; i--) {
    const d = dims[i] ?? 1;
    strides[rank - dims.length + i] = d === 1 ? 0 : stride;
    stride *= d;
  }
  return strides;
}

/** input 1 where input 0 holds, input 2 elsewhere; Select's condition may also choose whole rows. */
function select(rows: boolean): Lower {
  return (call: Call) => {
    const condition = call.constant(0, "condition");
    const [a, b] = [call.value(1), call.value(2)];
    const [only] = condition.data;
    if (condition.data.length === 1 && only !== undefined) {
      const chosen = only === 0 ? b : a;
      const other = only === 0 ? a : b;
      if (chosen.dims.join() === other.dims.join()) return chosen;
    }
    const extra = a.dims.length - condition.dims.length;
    const dims =
      rows && condition.dims.length === 1 && extra > 0
        ? [...condition.dims, ...new Array<number>(extra).fill(1)]
        : condition.dims;
    if (a.kind === "constant" && b.kind === "constant") {
      const spread = { ...condition, dims };
      const result = broadcast(
        call,
        [spread, a, b],
        ([which = 0, x = NaN, y = NaN]) => (which === 0 ? y : x),
      );
      return made(call, result.dims, result.data, a.type);
    }
    // a where it holds plus b where it does not: both have to be finite
    const { lowering, name } = call;
    const mask = (value: number): Constant =>
      lowering.constant(
        dims,
        Float32Array.from(condition.data, (v) =>
          (v === 0 ? 0 : 1) === value ? 1 : 0,
        ),
      );
    return lowering.binary(
      name,
      "add",
      lowering.binary(`${name}/then`, "multiply", a, mask(1)),
      lowering.binary(`${name}/else`, "multiply", b, mask(0)),
    );
  };
}

/** All values, or those along axes, taken together. */
function gathered(
  start: number,
  combine: (a: number, b: number) => number,
): Lower {
  return (call: Call) => {
    const x = call.constant(0, "input");
    const rank = x.dims.length;
    const axes = new Set(
      call.numbers(1, "axes").map((axis) => call.axis(axis, rank)),
    );
    const keep = call.attributes.bool("keep_dims", false);
    const kept = x.dims.map((d, i) => (axes.has(i) ? 1 : d));
    const strides = stridesOf({ ...x, dims: kept }, rank);
    const data = new Float64Array(
      kept.reduce((product, d) => product * d, 1),
    ).fill(start);
    const at = new Array<number>(rank).fill(0);
    for (const value of x.data) {
      const index = at.reduce((sum, n, i) => sum + n * (strides[i] ?? 0), 0);
      data[index] = combine(data[index] ?? start, value);
      for (let i = rank - 1; i >= 0; i--) {
        at[i] = (at[i] ?? 0) + 1;
        if ((at[i] ?? 0) < (x.dims[i] ?? 1)) break;
        at[i] = 0;
      }
    }
    const dims = keep ? kept : kept.filter((_, i) => !axes.has(i));
    return made(call, dims, data, x.type);
  };
}

/** The remainder with the sign of the divisor, as Python has it. */
function floorMod(a: number, b: number): number {
  return a - b * Math.floor(a / b);
}

/** To the nearest whole number, halves to the even one. */
function roundEven(a: number): number {
  const rounded = Math.round(a);
  return Math.abs(a % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

const truth = (value: boolean): number => (value ? 1 : 0);

export const folded: Readonly<Record<string, Lower>> = {
  FloorDiv: pairwise((a, b) => Math.floor(a / b)),
  TruncateDiv: pairwise((a, b) => Math.trunc(a / b)),
  FloorMod: pairwise(floorMod),
  Mod: pairwise((a, b) => a % b),
  Floor: each(Math.floor),
  Ceil: each(Math.ceil),
  Round: each(roundEven),
  Rint: each(roundEven),
  Sign: each(Math.sign),
  Greater: pairwise((a, b) => truth(a > b), "bool"),
  GreaterEqual: pairwise((a, b) => truth(a >= b), "bool"),
  Less: pairwise((a, b) => truth(a < b), "bool"),
  LessEqual: pairwise((a, b) => truth(a <= b), "bool"),
  Equal: pairwise((a, b) => truth(a === b), "bool"),
  NotEqual: pairwise((a, b) => truth(a !== b), "bool"),
  LogicalAnd: pairwise((a, b) => truth(a !== 0 && b !== 0), "bool"),
  LogicalOr: pairwise((a, b) => truth(a !== 0 || b !== 0), "bool"),
  LogicalNot: each((a) => truth(a === 0), "bool"),
  Select: select(true),
  SelectV2: select(false),
  Prod: gathered(1, (a, b) => a * b),
  All: gathered(1, (a, b) => truth(a !== 0 && b !== 0)),
  Any: gathered(0, (a, b) => truth(a !== 0 || b !== 0)),
};

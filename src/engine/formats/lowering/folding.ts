/** Arithmetic on constants when a network is opened: shapes, indices, weights that are laid out anew. */
import { Fault } from "../../../shared/fault";
import type { Shape } from "../../network/op";
import { count, spell } from "../../network/ops/check";
import { broadcast, checkDims, damaged, refuse, toRank } from "./checks";
import { errorFunction } from "../../network/simplify/error-function";
import type { BinaryKind, Constant, ReduceKind, UnaryKind } from "./lowering";
import { placesOf, readStrided, type Numbers } from "./strided";

/** Of one result. */
const mostValues = 2 ** 26;
/** Of all results: so many times what the file brought, and a little for shapes. */
const mostGrowth = 8;
const spare = 2 ** 25;

export type Type = Constant["type"];

/** Folds constants, and counts how much comes of it: a file of a few bytes must not fill the memory. */
export class Folding {
  readonly #known = new WeakSet<Constant>();
  #allowed = spare;
  #made = 0;

  /** A constant of the file; it raises what may come of folding. */
  constant(dims: Shape, data: Numbers, type: Type = "float"): Constant {
    checkDims("constant", dims, 0);
    if (data.length !== count(dims))
      throw new Fault(
        "damaged-file",
        `A constant of ${spell(dims)} holds ${data.length} values.`,
        "Export the network again.",
      );
    const made: Constant = { kind: "constant", dims, type, data };
    this.#meet(made);
    return made;
  }

  /** Element by element with dimensions of 1 repeated; whole numbers where both are. */
  binary(name: string, kind: BinaryKind, a: Constant, b: Constant): Constant {
    const whole = a.type !== "float" && b.type !== "float";
    const f = whole ? wholeBinary(name, kind) : binaries[kind];
    return this.zip(name, a, b, f, whole ? "int" : "float");
  }

  /** Any function of two constants, element by element with dimensions of 1 repeated. */
  zip(
    name: string,
    a: Constant,
    b: Constant,
    f: (a: number, b: number) => number,
    type: Type,
  ): Constant {
    const dims = broadcast(name, [a.dims, b.dims]);
    const x = this.#broadcast(name, a, dims);
    const y = this.#broadcast(name, b, dims);
    return this.#make(name, [a, b], dims, type, (into) => {
      for (let i = 0; i < into.length; i++) into[i] = f(x[i] ?? 0, y[i] ?? 0);
    });
  }

  /** Any function of one constant, element by element. */
  map(
    name: string,
    x: Constant,
    f: (x: number) => number,
    type: Type = x.type,
  ): Constant {
    return this.#make(name, [x], x.dims, type, (into) => {
      const data = dataOf(name, x);
      for (let i = 0; i < into.length; i++) into[i] = f(data[i] ?? 0);
    });
  }

  unary(name: string, kind: UnaryKind, x: Constant): Constant {
    const whole =
      x.type !== "float" && ["negate", "abs", "square"].includes(kind);
    return this.map(name, x, unaries[kind], whole ? "int" : "float");
  }

  reduce(
    name: string,
    kind: ReduceKind,
    x: Constant,
    axes: readonly number[],
    keepDims: boolean,
  ): Constant {
    const kept = x.dims.map((_, i) => i).filter((i) => !axes.includes(i));
    const front = this.transpose(name, x, [...kept, ...axes]);
    const rows = kept.map((i) => x.dims[i] ?? 1);
    const each = axes.reduce((product, i) => product * (x.dims[i] ?? 1), 1);
    if (each === 0) damaged(name, "it reduces nothing.");
    const dims = keepDims
      ? x.dims.map((d, i) => (axes.includes(i) ? 1 : d))
      : rows;
    return this.#make(name, [x], dims, x.type, (into) => {
      const data = dataOf(name, front);
      for (let i = 0; i < into.length; i++) {
        let value = data[i * each] ?? 0;
        for (let j = 1; j < each; j++) {
          const next = data[i * each + j] ?? 0;
          if (kind === "max") value = Math.max(value, next);
          else if (kind === "min") value = Math.min(value, next);
          else value += next;
        }
        if (kind === "mean") value /= each;
        into[i] =
          kind === "mean" && x.type !== "float" ? Math.trunc(value) : value;
      }
    });
  }

  /** Shares the data. */
  reshape(x: Constant, dims: Shape): Constant {
    const made: Constant = {
      kind: "constant",
      dims,
      type: x.type,
      get data() {
        return x.data;
      },
    };
    this.#meet(x);
    this.#known.add(made);
    return made;
  }

  transpose(name: string, x: Constant, order: readonly number[]): Constant {
    const places = placesOf(x.dims);
    const moving = order.filter((i) => x.dims[i] !== 1);
    const dims = order.map((i) => x.dims[i] ?? 1);
    if (moving.every((axis, i) => i === 0 || axis > (moving[i - 1] ?? 0)))
      return this.reshape(x, dims);
    const strides = order.map((i) => places[i] ?? 1);
    return this.read(name, x, 0, dims, strides);
  }

  /** Values of a constant at `start + i * strides[0] + ...`; see {@link readStrided}. */
  read(
    name: string,
    x: Constant,
    start: number,
    dims: Shape,
    strides: readonly number[],
  ): Constant {
    return this.#make(name, [x], dims, x.type, (into) => {
      readStrided(into, dataOf(name, x), start, dims, strides);
    });
  }

  slice(
    name: string,
    x: Constant,
    begin: readonly number[],
    size: readonly number[],
    strides: readonly number[],
  ): Constant {
    const places = placesOf(x.dims);
    const start = begin.reduce((sum, b, i) => sum + b * (places[i] ?? 1), 0);
    const steps = strides.map((s, i) => s * (places[i] ?? 1));
    return this.read(name, x, start, size, steps);
  }

  expand(name: string, x: Constant, dims: Shape): Constant {
    return this.read(name, x, 0, dims, repeating(x.dims, dims));
  }

  /** One after the other along an axis. */
  concat(name: string, values: readonly Constant[], axis: number): Constant {
    const [first] = values;
    if (!first) damaged(name, "it has no input.");
    const along = values.reduce((sum, x) => sum + (x.dims[axis] ?? 0), 0);
    const dims = first.dims.map((d, i) => (i === axis ? along : d));
    const whole = values.every((x) => x.type === first.type);
    const type = whole ? first.type : "float";
    return this.#make(name, values, dims, type, (into) => {
      const inner = count(dims.slice(axis + 1));
      const outer = count(dims.slice(0, axis));
      let at = 0;
      for (const x of values) {
        const data = dataOf(name, x);
        const block = inner * (x.dims[axis] ?? 0);
        for (let i = 0; i < outer; i++)
          into.set(
            data.subarray(i * block, (i + 1) * block),
            i * along * inner + at,
          );
        at += block;
      }
    });
  }

  /** The indices' shape takes the axis' place. */
  gather(
    name: string,
    x: Constant,
    indices: readonly number[],
    shape: Shape,
    axis: number,
  ): Constant {
    const before = x.dims.slice(0, axis);
    const after = x.dims.slice(axis + 1);
    const dims = [...before, ...shape, ...after];
    return this.#make(name, [x], dims, x.type, (into) => {
      const data = dataOf(name, x);
      const inner = count(after);
      const along = x.dims[axis] ?? 0;
      let to = 0;
      for (let i = 0; i < count(before); i++)
        for (const index of indices) {
          const from = (i * along + index) * inner;
          into.set(data.subarray(from, from + inner), to);
          to += inner;
        }
    });
  }

  /** Every axis' values by the place they come from; -1: `value`. */
  pad(
    name: string,
    x: Constant,
    sources: readonly (readonly number[])[],
    value: number,
  ): Constant {
    const dims = sources.map((list) => list.length);
    return this.#make(name, [x], dims, x.type, (into) => {
      const data = dataOf(name, x);
      const places = placesOf(x.dims);
      const jumps = placesOf(dims);
      for (let i = 0; i < into.length; i++) {
        let from = 0;
        let inside = true;
        for (let axis = 0; axis < dims.length; axis++) {
          const at = Math.floor(i / (jumps[axis] ?? 1)) % (dims[axis] ?? 1);
          const place = sources[axis]?.[at] ?? -1;
          if (place < 0) inside = false;
          from += place * (places[axis] ?? 1);
        }
        into[i] = inside ? (data[from] ?? 0) : value;
      }
    });
  }

  /** a [..., m, k] x b [..., k, n], the axes before broadcast already. */
  matmul(name: string, a: Constant, b: Constant): Constant {
    const [m = 1, k = 1] = a.dims.slice(-2);
    const n = b.dims.at(-1) ?? 1;
    const before = broadcast(name, [a.dims.slice(0, -2), b.dims.slice(0, -2)]);
    const x = this.#broadcast(name, a, [...before, m, k]);
    const y = this.#broadcast(name, b, [...before, k, n]);
    if (!(count(before) * m * k * n <= 2 ** 32))
      tooLarge(name, [...before, m, k, n]);
    const whole = a.type !== "float" && b.type !== "float";
    const dims = [...before, m, n];
    return this.#make(name, [a, b], dims, whole ? "int" : "float", (into) => {
      const row = new Float64Array(n);
      for (let i = 0; i < into.length / Math.max(1, n); i++) {
        row.fill(0);
        const block = Math.floor(i / m) * k * n;
        for (let j = 0; j < k; j++) {
          const factor = x[i * k + j] ?? 0;
          for (let c = 0; c < n; c++)
            row[c] = (row[c] ?? 0) + factor * (y[block + j * n + c] ?? 0);
        }
        into.set(row, i * n);
      }
    });
  }

  #broadcast(name: string, x: Constant, dims: Shape): Numbers {
    const data = dataOf(name, x);
    if (count(x.dims) === count(dims)) return data;
    if (!(count(dims) <= mostValues)) tooLarge(name, dims);
    const into =
      x.type === "float"
        ? new Float32Array(count(dims))
        : new Float64Array(count(dims));
    return readStrided(into, data, 0, dims, repeating(x.dims, dims));
  }

  #make(
    name: string,
    from: readonly Constant[],
    dims: Shape,
    type: Type,
    fill: (into: Numbers) => void,
  ): Constant {
    checkDims(name, dims, 0);
    for (const x of from) this.#meet(x);
    const values = count(dims);
    const brought = Math.max(...from.map((x) => count(x.dims)));
    this.#made += values;
    if (values > Math.max(brought, mostValues) || this.#made > this.#allowed)
      tooLarge(name, dims);
    const data =
      type === "float" ? new Float32Array(values) : new Float64Array(values);
    fill(data);
    const made: Constant = { kind: "constant", dims, type, data };
    this.#known.add(made);
    return made;
  }

  #meet(x: Constant): void {
    if (this.#known.has(x)) return;
    this.#known.add(x);
    this.#allowed += mostGrowth * count(x.dims);
  }
}

/** The constant's values; a late one is read here. */
export function dataOf(name: string, x: Constant): Numbers {
  const { data } = x;
  if (data.length !== count(x.dims))
    damaged(
      name,
      `a constant of ${spell(x.dims)} holds ${data.length} values.`,
    );
  return data;
}

/** The one value of a constant; null where there are several. */
export function uniformOf(name: string, x: Constant): number | null {
  const data = dataOf(name, x);
  const [first] = data;
  if (first === undefined) return null;
  for (let i = 1; i < data.length; i++) if (data[i] !== first) return null;
  return first;
}

/** The strides that repeat a constant of `from` up to `dims`. */
export function repeating(from: Shape, dims: Shape): number[] {
  const own = toRank(from, dims.length);
  return placesOf(own).map((place, i) => (own[i] === 1 ? 0 : place));
}

function tooLarge(name: string, dims: Shape): never {
  refuse(
    name,
    `from constants it makes one of ${spell(dims)}, which is far more than the file brings.`,
    `Constants may grow to ${mostGrowth} times what the file holds.`,
  );
}

export const binaries: Readonly<
  Record<BinaryKind, (a: number, b: number) => number>
> = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  maximum: (a, b) => Math.max(a, b),
  minimum: (a, b) => Math.min(a, b),
  power: (a, b) => a ** b,
};

/** Whole numbers are divided as in C and ONNX: towards zero. */
function wholeBinary(name: string, kind: BinaryKind) {
  if (kind !== "divide") return binaries[kind];
  return (a: number, b: number) => {
    if (b === 0) damaged(name, "it divides a whole number by 0.");
    return Math.trunc(a / b);
  };
}

export const unaries: Readonly<Record<UnaryKind, (x: number) => number>> = {
  negate: (x) => -x,
  abs: Math.abs,
  sqrt: Math.sqrt,
  rsqrt: (x) => 1 / Math.sqrt(x),
  square: (x) => x * x,
  reciprocal: (x) => 1 / x,
  exp: Math.exp,
  log: Math.log,
  erf: errorFunction,
  sin: Math.sin,
  cos: Math.cos,
};

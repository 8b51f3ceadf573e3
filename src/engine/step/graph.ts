/** A typed builder of TensorFlow graphs: plain data, encoded by the runtime. Shapes are full, batch in front. */
import type { Weight } from "../network/weight";

export type DType = "float32" | "bfloat16" | "int32";

/** A value in the graph, by what it is fetched as: "node" for a node's first output, "node:1" for its second. */
export interface Ref {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

export type Attribute =
  | { readonly type: DType }
  | { readonly int: number }
  | { readonly float: number }
  | { readonly bool: boolean }
  | { readonly string: string }
  | { readonly ints: readonly number[] }
  | { readonly shape: readonly number[] }
  | {
      readonly tensor: {
        readonly dtype: DType;
        readonly shape: readonly number[];
        readonly bytes: Uint8Array;
      };
    };

export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface GraphDefinition {
  readonly nodes: readonly GraphNode[];
}

export class GraphBuilder {
  readonly #nodes: GraphNode[] = [];
  readonly #constants = new Map<string, Ref>();
  readonly #ops = new Map<string, string>();
  #next = 0;

  /** TensorFlow's name of the operation that makes a value. */
  opOf(ref: Ref): string {
    return this.#ops.get(ref.name) ?? "";
  }

  get definition(): GraphDefinition {
    return { nodes: this.#nodes };
  }

  /** Adds a node and says what its first output is; TensorFlow's op names and attributes. */
  add(
    op: string,
    inputs: readonly Ref[],
    attributes: Readonly<Record<string, Attribute>>,
    output: { shape: readonly number[]; dtype?: DType; name?: string },
  ): Ref {
    const name = output.name ?? `${op}_${this.#next++}`;
    this.#ops.set(name, op);
    this.#nodes.push({
      name,
      op,
      inputs: inputs.map((i) => i.name),
      attributes,
    });
    return {
      name,
      shape: output.shape,
      dtype: output.dtype ?? inputs[0]?.dtype ?? "float32",
    };
  }

  /** Adds a node with several outputs. */
  addMany(
    op: string,
    inputs: readonly Ref[],
    attributes: Readonly<Record<string, Attribute>>,
    outputs: readonly { shape: readonly number[]; dtype: DType }[],
  ): Ref[] {
    const { name } = this.add(op, inputs, attributes, { shape: [] });
    return outputs.map(({ shape, dtype }, i) => ({
      shape,
      dtype,
      name: i === 0 ? name : `${name}:${i}`,
    }));
  }

  placeholder(
    name: string,
    shape: readonly number[],
    dtype: DType = "float32",
  ): Ref {
    return this.add(
      "Placeholder",
      [],
      { dtype: { type: dtype }, shape: { shape } },
      { shape, dtype, name },
    );
  }

  floats(
    values: ArrayLike<number>,
    shape: readonly number[],
    dtype: "float32" | "bfloat16" = "float32",
  ): Ref {
    const bytes =
      dtype === "float32"
        ? bytesOf(Float32Array.from(values))
        : bytesOf(toBfloat16(values));
    return this.#constant(bytes, shape, dtype);
  }

  /** A weight without a copy where the precision allows it. */
  weight(weight: Weight, dtype: "float32" | "bfloat16"): Ref {
    const bytes =
      dtype === "float32"
        ? bytesOf(weight.data)
        : bytesOf(toBfloat16(weight.data));
    return this.#constant(bytes, weight.shape, dtype);
  }

  scalar(value: number, dtype: "float32" | "bfloat16" = "float32"): Ref {
    return this.#shared(`${dtype} ${value}`, () =>
      this.floats([value], [], dtype),
    );
  }

  ints(
    values: readonly number[],
    shape: readonly number[] = [values.length],
  ): Ref {
    return this.#shared(`int32 ${shape.join()} ${values.join()}`, () =>
      this.#constant(bytesOf(Int32Array.from(values)), shape, "int32"),
    );
  }

  /** AddV2, Sub, Mul, Maximum ...: the result's shape is the broadcast of both. */
  binary(op: string, a: Ref, b: Ref): Ref {
    return this.add(
      op,
      [a, b],
      { T: { type: a.dtype } },
      { shape: broadcast(a.shape, b.shape) },
    );
  }

  /** Values limited to [low, high]. */
  clip(x: Ref, low: number, high: number): Ref {
    return this.add(
      "ClipByValue",
      [x, this.scalar(low), this.scalar(high)],
      { T: { type: x.dtype } },
      { shape: x.shape },
    );
  }

  unary(op: string, x: Ref): Ref {
    return this.add(op, [x], { T: { type: x.dtype } }, { shape: x.shape });
  }

  cast(x: Ref, dtype: DType): Ref {
    if (x.dtype === dtype) return x;
    return this.add(
      "Cast",
      [x],
      {
        SrcT: { type: x.dtype },
        DstT: { type: dtype },
        Truncate: { bool: false },
      },
      { shape: x.shape, dtype },
    );
  }

  /** x itself where it has the shape. */
  reshape(x: Ref, shape: readonly number[]): Ref {
    if (x.shape.join() === shape.join()) return x;
    return this.add(
      "Reshape",
      [x, this.ints(shape)],
      { T: { type: x.dtype }, Tshape: { type: "int32" } },
      { shape },
    );
  }

  /** Sum, Mean, Max, Min over axes. */
  reduce(
    op: "Sum" | "Mean" | "Max" | "Min",
    x: Ref,
    axes: readonly number[],
    keepDims: boolean,
  ): Ref {
    const shape = x.shape
      .map((d, i) => (axes.includes(i) ? (keepDims ? 1 : null) : d))
      .filter((d) => d !== null);
    return this.add(
      op,
      [x, this.ints(axes)],
      {
        T: { type: x.dtype },
        Tidx: { type: "int32" },
        keep_dims: { bool: keepDims },
      },
      { shape },
    );
  }

  /** Sum of several values of one shape; one value is itself. */
  sum(values: readonly Ref[]): Ref {
    const first = values[0];
    if (!first) throw new RangeError("nothing to sum");
    if (values.length === 1) return first;
    return this.add(
      "AddN",
      values,
      { N: { int: values.length }, T: { type: first.dtype } },
      { shape: first.shape },
    );
  }

  /** All of it is x itself. */
  slice(x: Ref, begin: readonly number[], size: readonly number[]): Ref {
    if (size.every((d, i) => d === x.shape[i])) return x;
    return this.add(
      "Slice",
      [x, this.ints(begin), this.ints(size)],
      { T: { type: x.dtype }, Index: { type: "int32" } },
      { shape: size },
    );
  }

  #constant(bytes: Uint8Array, shape: readonly number[], dtype: DType): Ref {
    return this.add(
      "Const",
      [],
      { dtype: { type: dtype }, value: { tensor: { dtype, shape, bytes } } },
      { shape, dtype },
    );
  }

  #shared(key: string, make: () => Ref): Ref {
    let ref = this.#constants.get(key);
    if (!ref) this.#constants.set(key, (ref = make()));
    return ref;
  }
}

function bytesOf(array: Float32Array | Int32Array | Uint16Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** float32 -> bfloat16, round to nearest even: the upper half of the bits. */
export function toBfloat16(values: ArrayLike<number>): Uint16Array {
  const bits = new Uint32Array(Float32Array.from(values).buffer);
  return Uint16Array.from(bits, (b) => (b + 0x7fff + ((b >>> 16) & 1)) >>> 16);
}

function broadcast(
  a: readonly number[],
  b: readonly number[],
): readonly number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const m = a[a.length - rank + i] ?? 1;
    const n = b[b.length - rank + i] ?? 1;
    if (m !== n && m !== 1 && n !== 1)
      throw new RangeError(
        `shapes [${a.join()}] and [${b.join()}] do not broadcast`,
      );
    return Math.max(m, n);
  });
}
